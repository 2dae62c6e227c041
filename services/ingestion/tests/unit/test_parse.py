"""The door: formats by media type, name and content; and anything at all as input."""

import csv
import io
import pickle
from datetime import datetime
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.contracts.api import SetAside
from millrace.contracts.records import Record
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parse import parse
from millrace.ingestion.domain.parsed import Options, Parsed

JSON = b'[{"record_id": "a", "text": "good"}]'
NDJSON = b'{"record_id": "a", "text": "good"}\n{"record_id": "b", "text": "bad"}\n'
CSV = b"id,review\na,good\n"


@pytest.mark.parametrize(
    ("data", "media_type", "filename"),
    [
        (JSON, "application/json", ""), (JSON, "application/json; charset=utf-8", ""), (JSON, "", "x.json"),
        (JSON, "text/plain", ""), (b'{"records": ' + JSON + b"}", "", ""), (NDJSON, "application/x-ndjson", ""),
        (NDJSON, "application/octet-stream", "x.JSONL"), (NDJSON, "", ""), (CSV, "text/csv", ""),
        (CSV, "text/csv; header=present", ""), (CSV, "application/vnd.ms-excel", "x.csv"), (CSV, "", ""),
        (CSV.replace(b",", b"\t"), "text/tab-separated-values", ""), (CSV.replace(b",", b";"), "text/csv", ""),
    ],
)  # fmt: skip
def test_the_format_is_told_by_media_type_then_name_then_content(data: bytes, media_type: str, filename: str) -> None:
    first = parse(data, media_type, filename).records[0]
    assert (first.record_id, first.text) == ("a", "good")


@pytest.mark.parametrize(
    ("data", "media_type", "code"),
    [
        (b"PK\x03\x04abc", "text/csv", "media_type_mismatch"), (b"\x1f\x8babc", "", "unsupported_format"),
        (CSV, "image/png", "unsupported_format"), (CSV, "application/json", "not_json"),
        (b"\0" * 100, "text/csv", "media_type_mismatch"), (bytes(range(32)) * 9, "", "unsupported_format"),
        (b"PK\x05\x06" + bytes(18), "", "unsupported_format"),
        (b"\x01\x02junk" * 9, "application/pdf", "media_type_mismatch"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(data: bytes, media_type: str, code: str) -> None:
    with pytest.raises(BadFile) as caught:
        parse(data, media_type)
    assert caught.value.code == code


@pytest.mark.parametrize("data", [b"", b" \r\n ", b"\xef\xbb\xbf", b"\xff\xfe", b"review,stars\n"])
@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/csv",
        "text/plain",
        "text/tab-separated-values",
        "message/rfc822",
        "application/mbox",
    ],
)
def test_a_file_without_rows_is_an_empty_batch(data: bytes, media_type: str) -> None:
    parsed = parse(data, media_type)
    assert (parsed.records, parsed.set_aside_total) == ((), 0)
    assert parsed.notes == ("the file holds no rows",)


def test_a_refusal_survives_the_way_out_of_a_child_process() -> None:
    refusal = BadFile("no_rows", "nothing here", (SetAside(row=1, reason="blank"),))
    copy = pickle.loads(pickle.dumps(refusal))  # noqa: S301 - our own bytes
    assert (copy.code, copy.detail, copy.errors) == (refusal.code, refusal.detail, refusal.errors)
    assert str(copy) == "no_rows: nothing here"


def test_a_mapping_for_json_is_refused_rather_than_ignored() -> None:
    with pytest.raises(BadFile) as caught:
        parse(JSON, options=Options(mapping={"text": "review"}))
    assert caught.value.code == "mapping_without_columns"


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "application/octet-stream"])
def test_one_line_is_one_record_whatever_it_might_be_besides(media_type: str) -> None:
    assert [record.record_id for record in parse(NDJSON.splitlines()[0], media_type, "", Options()).records] == ["a"]


MEDIA_TYPES = st.sampled_from(["", "text/csv", "application/json", "application/x-ndjson", "text/tab-separated-values"])
CELLS = st.text(st.sampled_from("aZ é5,;\t|\"'\r\n\0.-/:#★{}[]\\"), max_size=12)
TEXTS = st.lists(st.lists(CELLS, max_size=5).map(",".join), max_size=8).map("\n".join)
MESSY = st.one_of(
    st.binary(max_size=300),
    TEXTS.map(str.encode),
    TEXTS.map(lambda text: b"id,review,rating,created at,author\n" + text.encode("utf-16")),
    TEXTS.map(lambda text: "review,score,date\n" + text).map(str.encode),
)


def _parsed_or_refused(data: bytes, media_type: str, filename: str = "") -> Parsed | BadFile:
    try:
        return parse(data, media_type, filename)
    except BadFile as error:
        return error


@settings(max_examples=600, deadline=None)
@given(data=MESSY, media_type=MEDIA_TYPES)
def test_any_bytes_are_parsed_or_refused(data: bytes, media_type: str) -> None:
    match _parsed_or_refused(data, media_type):
        case Parsed() as parsed:
            ids = [record.record_id for record in parsed.records]
            assert len(set(ids)) == len(ids)
            assert ids or not parsed.set_aside
            assert len(parsed.set_aside) == min(20, parsed.set_aside_total)
        case BadFile() as refused:
            assert refused.code and refused.detail and len(refused.errors) <= 20


@settings(max_examples=100, deadline=None)
@given(media_type=st.text(max_size=40), filename=st.text(max_size=20))
def test_any_media_type_and_name_are_taken_or_refused(media_type: str, filename: str) -> None:
    assert _parsed_or_refused(CSV, media_type, filename) is not None


WORD = st.text(st.characters(codec="utf-8", categories=["L"]), min_size=2, max_size=8)
SENTENCE = st.builds(" ".join, st.lists(WORD, min_size=5, max_size=9, unique=True))
RECORDS = st.lists(
    st.fixed_dictionaries({
        "text": st.builds("{}{}{}".format, SENTENCE, st.sampled_from([", ", "; ", '"', "\n", "\t", " | "]), SENTENCE),
        "stars": st.integers(1, 5),
        "created_at": st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)),  # noqa: DTZ001 - naive is UTC
    }),
    min_size=1,
    max_size=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    rows=RECORDS, delimiter=st.sampled_from([",", ";", "\t", "|"]), end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)  # fmt: skip
def test_what_a_csv_writer_wrote_is_read_back(rows, delimiter: str, end: str, encoding: str) -> None:  # type: ignore[no-untyped-def]
    # given records written as any spreadsheet program would
    buffer = io.StringIO(newline="")
    # The writer of Python 3.11 leaves a LF unquoted where lines end in CR; what it then writes is another table.
    quoting: Literal[0, 1] = csv.QUOTE_ALL if end == "\r" else csv.QUOTE_MINIMAL
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["record id", "created at", "review", "stars"])
    for number, row in enumerate(rows):
        writer.writerow([f"id-{number}", row["created_at"].isoformat(), row["text"], row["stars"]])
    # when the file is parsed
    parsed = parse(buffer.getvalue().encode(encoding), "text/csv")
    # then every record is what it was
    assert [_seen(record) for record in parsed.records] == [
        (f"id-{number}", row["text"], float(row["stars"]), row["created_at"]) for number, row in enumerate(rows)
    ]


def _seen(record: Record) -> tuple[object, ...]:
    assert record.rating is not None and record.created_at is not None
    return record.record_id, record.text, record.rating.value, record.created_at.replace(tzinfo=None)
