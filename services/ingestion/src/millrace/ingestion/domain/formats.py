"""Which format a file is in: by what it is called, unless its content says otherwise."""

import re
from email.message import Message as Headers
from functools import lru_cache

from pydantic_core import from_json

from millrace.ingestion.domain import archive
from millrace.ingestion.domain.columnar import PARQUET
from millrace.ingestion.domain.compressed import is_gzip
from millrace.ingestion.domain.decoding import decode
from millrace.ingestion.domain.dialect import is_table
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.pages import PDF
from millrace.ingestion.domain.transcript import has_speakers

TAKEN = "JSON, NDJSON, CSV, TSV, XLSX, Parquet, EML, MBOX, text or PDF, each also as .gz"

_EXCEL = "application/vnd.ms-excel"
"""What browsers on Windows say of a .csv file, and some of an .xlsx: no reason to refuse either."""
_MEDIA_TYPES = {
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/x-jsonlines": "ndjson",
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "tsv",
    _EXCEL: "csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.apache.parquet": "parquet",
    "application/x-parquet": "parquet",
    "message/rfc822": "eml",
    "application/mbox": "mbox",
    "application/pdf": "pdf",
}
_UNTOLD = frozenset({
    "", "application/octet-stream", "text/plain", "application/x-www-form-urlencoded", "application/gzip",
    "application/x-gzip", "application/zip", "binary/octet-stream",
})  # fmt: skip
"""Media types that say nothing of the content: the file's name or the content itself then tells."""
_SUFFIXES = {
    "json": "json", "ndjson": "ndjson", "jsonl": "ndjson", "csv": "csv", "tsv": "tsv", "tab": "tsv", "xlsx": "xlsx",
    "xlsm": "xlsx", "parquet": "parquet", "pq": "parquet", "eml": "eml", "mbox": "mbox", "mbx": "mbox", "pdf": "pdf",
}  # fmt: skip
_BINARY = {"xlsx": "an XLSX workbook", "parquet": "a Parquet file", "pdf": "a PDF file"}
_MAIL = frozenset({"eml", "mbox"})
_FOREIGN = (
    (0, b"PK\x05\x06", "an empty ZIP file"),
    (0, b"\xd0\xcf\x11\xe0", "an XLS workbook, or one with a password: save it as XLSX without one"),
    (0, b"\x89PNG", "a picture"), (0, b"\xff\xd8\xff", "a picture"), (0, b"GIF8", "a picture"),
    (0, b"Rar!", "a RAR file"), (0, b"7z\xbc\xaf", "a 7z file"), (0, b"BZh", "a bzip2 file"),
    (0, b"\xfd7zXZ", "an XZ file"), (0, b"\x28\xb5\x2f\xfd", "a Zstandard file"), (257, b"ustar", "a TAR file"),
    (0, b"{\\rtf", "an RTF document"), (0, b"SQLite format 3", "a database"),
)  # fmt: skip
_HEADERS = frozenset({
    b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"received", b"content-type", b"return-path",
    b"delivered-to", b"content-transfer-encoding",
})  # fmt: skip
_LEAST_SIGNS = 3
"""Of these headers, how many a file that nobody calls a mail must begin with."""
_HEAD = 16 * 1024
_SAMPLE = 64 * 1024
_CONTROLS = bytes(sorted({*range(32), 127} - set(b"\t\n\v\f\r\x1b")))
_MOSTLY = 0.02
"""Share of control characters from which bytes are no text."""


def recognise(data: bytes, media_type: str, filename: str) -> tuple[str, str]:
    """A file's format and its declared charset; BadFile when nothing here reads it.

    A media type that names a format and a content with another's signature are refused. Without such a media type
    the signature goes before the file's name. Among texts, a JSON document or a mail is told by its beginning;
    nothing but a name tells one column of CSV from lines of text.
    """
    told, charset = _told(media_type, filename)
    media, _ = _declared(media_type)
    declared = _MEDIA_TYPES.get(media, "") if media != _EXCEL else ""
    found = _signed(data, declared)
    if found:
        return found, charset
    if is_blank(data):
        return told or "csv", charset
    if not _is_text(data):
        cut_off = declared == "parquet" and data.startswith(PARQUET)
        raise _mismatch(declared, "no text") if declared and not cut_off else _not_readable(told)
    if declared in _BINARY:
        raise _mismatch(declared, "text")
    structured = _structured(data, told)
    if structured:
        return structured, charset
    if told and told not in _BINARY and told not in _MAIL:
        return told, charset
    return _plain(decode(data[:_SAMPLE], charset).text), charset


def is_blank(data: bytes) -> bool:
    """Whether there is nothing in the file but white space and a byte order mark."""
    return not data.strip(b" \t\r\n\v\f\xef\xbb\xbf\xff\xfe")


@lru_cache(maxsize=256)
def _declared(media_type: str) -> tuple[str, str]:
    """A media type without its parameters, and its charset."""
    headers = Headers()
    headers["content-type"] = " ".join(media_type.split())
    return headers.get_content_type() if media_type.strip() else "", headers.get_content_charset("")


def _told(media_type: str, filename: str) -> tuple[str, str]:
    media, charset = _declared(media_type)
    if media not in _MEDIA_TYPES and media not in _UNTOLD:
        raise BadFile("unsupported_format", f"no reader for {media[:64]!r}; send {TAKEN}")
    return _MEDIA_TYPES.get(media) or _SUFFIXES.get(filename.rpartition(".")[2].casefold(), ""), charset


def _signed(data: bytes, declared: str) -> str:
    """The binary format whose signature the file begins with; BadFile for one that is not read here, or not said."""
    found = _signature(data, declared)
    if found and declared and found != declared:
        raise _mismatch(declared, _BINARY[found])
    return found


def _signature(data: bytes, declared: str) -> str:
    if data.startswith(archive.ZIP):
        if declared not in ("", "xlsx"):
            raise _mismatch(declared, "a ZIP file")
        kind = archive.kind_of(data)
        if kind != "xlsx":
            raise BadFile("unsupported_format", f"this is {kind}; send {TAKEN}")
        return kind
    if is_gzip(data):
        raise BadFile("unsupported_format", "a gzip file within a gzip file is not opened")
    for offset, mark, name in _FOREIGN:
        if data.startswith(mark, offset):
            raise BadFile("unsupported_format", f"this is {name}; send {TAKEN}")
    if data.startswith(PARQUET) and data.endswith(PARQUET):
        return "parquet"
    return "pdf" if data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(PDF) else ""


def _mismatch(declared: str, found: str) -> BadFile:
    detail = f"sent as {_BINARY.get(declared, declared.upper())}, but the content is {found}"
    return BadFile("media_type_mismatch", f"{detail}; send it with its own media type")


def _not_readable(told: str) -> BadFile:
    if told in _BINARY:
        return BadFile("unreadable_file", f"sent as {_BINARY[told]}, but it is none, or damaged")
    return BadFile("unsupported_format", f"this is no text and no format that is known here; send {TAKEN}")


def _is_text(data: bytes) -> bool:
    """Whether the bytes are text in some encoding."""
    sample = data[:_SAMPLE]
    if sample.count(0) > len(sample) // 4:
        sample = decode(sample).text.encode()
        return bool(sample.strip()) and _controls(sample) <= _MOSTLY * len(sample)
    return _controls(sample) <= _MOSTLY * len(sample)


def _controls(sample: bytes) -> int:
    return len(sample) - len(sample.translate(None, _CONTROLS))


def _structured(data: bytes, told: str) -> str:
    """`json`, `ndjson`, `mbox` or `eml` where the text begins as these do."""
    head = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"\[\s*(?:[\[{\"\]]|\Z)", head):
        return "json"
    if head[:1] == b"{":
        first, _, rest = head.partition(b"\n")
        if rest.strip():
            return "ndjson" if _is_object(first) else "json"
        # A single line is a document with its records, or one record.
        return "json" if told == "json" or b'"records"' in first else "ndjson"
    if re.match(rb"From (?=[^\r\n]*\d:\d\d)[^\r\n]*+\r?\n[!-9;-~]++:", head):
        return "mbox"
    return "eml" if _is_mail(head[:_HEAD], 1 if told in _MAIL else _LEAST_SIGNS) else ""


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(from_json(text), dict)
    except ValueError:
        return False


def _is_mail(head: bytes, least: int) -> bool:
    """Whether the text begins with a block of mail headers, `least` of them those that every mail has."""
    block = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    lines = re.sub(rb"\r?\n[ \t]+", b" ", block).splitlines()
    named = [line.partition(b":")[0].lower() for line in lines if re.match(rb"[!-9;-~]+:", line)]
    return len(named) == len(lines) and len(set(named) & _HEADERS) >= least


def _plain(text: str) -> str:
    """`csv` for a table, `text` for a transcript or prose."""
    if has_speakers(text.splitlines()):
        return "text"
    return "csv" if is_table(text) else "text"
