"""The generated corpus and the sample of the local stack come through as they were made."""

from datetime import date
from importlib.resources import files

from millrace.ingestion.domain.parse import parse
from millrace.testing.corpus import generate
from millrace.testing.corpus.export import to_csv


def test_an_exported_corpus_is_read_back_record_by_record() -> None:
    corpus = generate(11, 300, date(2025, 1, 1), 60)
    parsed = parse(to_csv(corpus.records), "text/csv")
    assert list(parsed.records) == corpus.records
    assert (parsed.set_aside_total, parsed.notes) == (0, ())


def test_the_samples_columns_are_all_found() -> None:
    parsed = parse((files("millrace.local") / "sample" / "feedback.csv").read_bytes(), "text/csv", "feedback.csv")
    assert parsed.mapping is not None
    assert len(parsed.records) == 400
    assert parsed.mapping.fields == {
        "text": "review", "title": "title", "rating": "stars", "created_at": "created_at", "record_id": "id",
        "thread_ref": "thread", "customer_ref": "customer", "author_role": "author", "channel": "channel",
    }  # fmt: skip
    assert (parsed.mapping.scale, parsed.mapping.attrs) == ("stars5", ("department", "plan", "country", "age"))
