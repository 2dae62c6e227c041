from pathlib import Path

import pytest

from millrace.client.errors import UnknownMediaType
from millrace.client.media import media_type_of


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.csv", "text/csv"),
        ("A.CSV", "text/csv"),
        ("a.tsv", "text/tab-separated-values"),
        ("a.ndjson", "application/x-ndjson"),
        ("a.jsonl", "application/x-ndjson"),
        ("a.b.json", "application/json"),
        ("a.csv.gz", "text/csv"),
        ("a.TSV.GZ", "text/tab-separated-values"),
        ("a.gz", "application/gzip"),
        ("a.b.gz", "application/gzip"),
    ],
)
def test_the_suffix_says_what_a_file_is(name: str, media_type: str) -> None:
    assert media_type_of(Path(name)) == media_type


def test_an_unknown_suffix_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(UnknownMediaType, match=r"'a\.docx'.*\.csv, \.tsv, \.ndjson, \.jsonl, \.json"):
        media_type_of(Path("folder/a.docx"))
