"""What is declared against what is sent."""

import gzip

import pytest

from millrace.ingestion.body import Options, ReadBody, read_body
from millrace.ingestion.domain.errors import BadFile

PDF, XLSX, ZIP = b"%PDF-1.7\n", b"PK\x03\x04", b"PK\x03\x04junk"
PARQUET = b"PAR1" + bytes(32) + b"PAR1"
CSV = b"id,review\n1,fine\n2,good\n"
BINARY = bytes(range(256)) * 8


@pytest.mark.parametrize(
    ("declared", "data"),
    [
        ("application/pdf", ZIP), ("application/pdf", PARQUET), ("application/pdf", CSV), ("text/csv", ZIP),
        ("text/csv", PDF), ("text/csv", PARQUET), ("text/csv", BINARY), ("application/json", ZIP),
        ("application/x-ndjson", BINARY), ("application/vnd.apache.parquet", ZIP), ("message/rfc822", PDF),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", CSV), ("text/csv; charset=utf-16", PDF),
        ("text/csv", gzip.compress(PDF, mtime=0)),
    ],
)  # fmt: skip
def test_a_content_that_is_not_what_it_is_declared_as_is_refused(declared: str, data: bytes) -> None:
    with pytest.raises(BadFile) as refused:
        read_body(data, Options(media_type=declared, filename="x.csv"))
    assert refused.value.code == "media_type_mismatch"


@pytest.mark.parametrize(
    "declared", ["", "application/octet-stream", "text/plain", "text/csv", "application/vnd.ms-excel"]
)
def test_a_declaration_that_fits_or_says_nothing_lets_the_content_through(declared: str) -> None:
    assert isinstance(read_body(CSV, Options(media_type=declared)), ReadBody)


@pytest.mark.parametrize("name", ["x.csv", "../../etc/passwd.csv", "a\0b.csv", "\r\nx.csv", "x" * 255 + ".csv", ".csv"])
def test_nothing_but_the_suffix_of_a_file_name_counts(name: str) -> None:
    # given: one column of names is a table only where something says so
    data = b"review\nfine\ngood\n"
    # when / then
    assert read_body(data, Options(filename=name)).ndjson == read_body(data, Options(filename="x.csv")).ndjson
