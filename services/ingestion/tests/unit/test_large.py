"""Large files are read like small ones, as far as they are read; what a batch cannot hold is refused early."""

import base64
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from millrace.ingestion.body import Options, ReadBody, read_body
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parsed import MAX_RECORDS
from millrace.ingestion.uploads import read_file

MOST = 1 << 26
ROWS = "".join(f'{number},"It is,\nfine \u2013 {number}",{number % 5 + 1}\r\n' for number in range(50))
CSV = f"\ufeffid,review,stars\r\n{ROWS}".encode()
NDJSON = b"".join(b'{"text": "fine %d", "blob": "%s", "channel": "web"}\n\n' % (n, b"x" * 99) for n in range(50))
ATTACHED = base64.encodebytes(bytes(9_000))
MAIL = b"""From ann@example.com Mon Jan  5 10:00:00 2026
From: ann%d@example.com
Subject: Broken %d
Date: Mon, 5 Jan 2026 10:00:00 +0000
Message-ID: <%d@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="edge"

--edge
Content-Type: text/plain; charset=utf-8

It broke.
>From the start, too.
--
Ann

--edge
Content-Type: image/png; name="a.png"
Content-Transfer-Encoding: base64

%s
--edge--

"""
MBOX = b"\n".join(MAIL % (n, n, n, ATTACHED * (40 if n == 3 else 1)) for n in range(20))


def on_disk(tmp_path: Path, data: bytes, media_type: str = "", filename: str = "", in_memory: int = 0) -> ReadBody:
    path = tmp_path / "file"
    path.write_bytes(data)
    with path.open("rb") as file:
        return read_file(file, Options(media_type=media_type, filename=filename), MOST, in_memory)


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (CSV, "text/csv"), (CSV.replace(b",", b"\t"), "text/tab-separated-values"), (NDJSON, ""), (MBOX, ""),
        (b"sep=;\r\n" + CSV.replace(b",", b";").removeprefix(b"\xef\xbb\xbf"), "text/csv"),
        (CSV.decode().encode("utf-16-le"), "text/csv"), (CSV.decode("utf-8-sig").encode("cp1252"), "text/csv"),
        (MBOX.replace(b"\n", b"\r\n"), "application/mbox"),
    ],
    ids=["csv", "tsv", "ndjson", "mbox", "sep", "utf-16", "cp1252", "mbox with crlf"],
)  # fmt: skip
def test_piece_by_piece_gives_what_all_at_once_does(
    tmp_path: Path, data: bytes, media_type: str, pack: Callable[[bytes], bytes]
) -> None:
    # when
    pieces = on_disk(tmp_path, pack(data), media_type)
    # then
    whole = read_body(pack(data), Options(media_type=media_type))
    assert pieces.records > 0
    assert (pieces.ndjson, pieces.mapping) == (whole.ndjson, whole.mapping)


def refusal(tmp_path: Path, data: bytes, media_type: str = "", in_memory: int = 0) -> str:
    with pytest.raises(BadFile) as caught:
        on_disk(tmp_path, data, media_type, in_memory=in_memory)
    return caught.value.code


@pytest.mark.parametrize(
    "data",
    [
        b"id,review\n" + b"1,fine\n" * (MAX_RECORDS + 1), b'{"text":"fine"}\n' * (MAX_RECORDS + 1),
        b"From a Mon Jan  5 10:00:00 2026\nSubject: x\n\nx\n\n" * (MAX_RECORDS + 1),
    ],
    ids=["csv", "ndjson", "mbox"],
)  # fmt: skip
def test_too_many_records_are_too_many(tmp_path: Path, data: bytes) -> None:
    assert refusal(tmp_path, data) == "too_many_records"


@pytest.mark.parametrize(
    ("data", "media_type", "code"),
    [
        (b"PK\x03\x04" + bytes(99), "", "file_too_large"),
        (b"PAR1" + bytes(99), "", "file_too_large"),
        (b'{"records": [' + b'{"text": "x"},' * 99, "application/json", "file_too_large"),
        (b"%PDF-1.7 ", "application/pdf", "file_too_large"),
        (bytes(range(256)) * 99, "", "unsupported_format"),
        (b'{"text": "' + b"x" * (9 << 20), "application/x-ndjson", "field_too_long"),
        (b"x" * (9 << 20), "text/csv", "field_too_long"),
        (gzip.compress(CSV)[:-20], "text/csv", "unreadable_file"),
        (gzip.compress(gzip.compress(CSV)), "text/csv", "unsupported_format"),
        (gzip.compress(MBOX * 400), "", "expands_too_far"),
    ],
    ids=["xlsx", "parquet", "json", "pdf", "garbage", "long line", "no line", "cut off", "twice", "bomb"],
)  # fmt: skip
def test_what_cannot_be_read_piecewise_is_refused(tmp_path: Path, data: bytes, media_type: str, code: str) -> None:
    assert refusal(tmp_path, data, media_type) == code


def test_a_table_with_more_text_than_a_batch_holds_is_refused(tmp_path: Path) -> None:
    # given: few rows, each of many cells
    row = b",".join([b"x" * 19_000] * 50) + b"\n"
    # when / then
    assert (
        refusal(tmp_path, b",".join(b"c%d" % n for n in range(50)) + b"\n" + row * 80, "text/csv") == "file_too_large"
    )


def test_what_is_attached_is_left_out_and_counted(tmp_path: Path) -> None:
    # given: the text stands behind a picture of three megabytes
    behind = MAIL.replace(b"--edge\nContent-Type: text/plain", b"--edge\nContent-Type: image/png\n"
                          b"Content-Transfer-Encoding: base64\n\n%s\n--edge\nContent-Type: text/plain")  # fmt: skip
    data = behind % (1, 1, 1, ATTACHED * 300, ATTACHED)
    # when
    found = on_disk(tmp_path, data)
    # then
    assert b"From the start, too." in found.ndjson
    assert found.mapping is not None
    assert found.mapping.notes == ("attachments that were not read: 2",)
