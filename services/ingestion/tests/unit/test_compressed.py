"""Gzip: opened within bounds, and what is inside is told by its content."""

import gzip

import pytest

from millrace.ingestion.body import Options, read_body
from millrace.ingestion.domain.compressed import gunzip
from millrace.ingestion.domain.errors import BadFile

CSV = b"id,review\na,good\n"
DOCUMENT = b'{"records": [{"text": "good"}], "metadata": {"ticket": "7"}}'


@pytest.mark.parametrize(
    ("media_type", "name"),
    [("application/gzip", "x.csv.gz"), ("text/csv", ""), ("", "x.CSV.GZ"), ("application/gzip", "")],
)
def test_what_is_inside_is_read(media_type: str, name: str) -> None:
    read = read_body(gzip.compress(CSV), Options(media_type=media_type, filename=name))
    assert (read.records, read.ndjson) == (1, b'{"record_id":"a","text":"good"}\n')


def test_a_packed_document_keeps_its_options() -> None:
    read = read_body(gzip.compress(DOCUMENT), Options(media_type="application/gzip"))
    assert (read.records, read.options.metadata) == (1, {"ticket": "7"})


def test_members_are_joined_and_padding_is_none() -> None:
    assert gunzip(gzip.compress(CSV) + gzip.compress(b"b,bad\n") + b"\0" * 512) == CSV + b"b,bad\n"
    assert read_body(gzip.compress(b""), Options()).records == 0


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gzip.compress(b"x" * (65 << 20)), "expands_too_far"), (gzip.compress(b"x" * (2 << 20)), "expands_too_far"),
        (gzip.compress(CSV)[:-12], "unreadable_file"), (b"\x1f\x8b" + b"junk" * 9, "unreadable_file"),
        (gzip.compress(gzip.compress(CSV)), "unsupported_format"), (gzip.compress(b"\x89PNG"), "unsupported_format"),
    ],
    ids=["too large", "a bomb", "cut off", "junk", "packed twice", "a picture"],
)  # fmt: skip
def test_what_cannot_be_opened_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(BadFile) as caught:
        read_body(data, Options())
    assert caught.value.code == code


def test_a_small_file_may_repeat_itself() -> None:
    assert len(gunzip(gzip.compress(b"nice,5\n" * 100_000))) == 700_000
