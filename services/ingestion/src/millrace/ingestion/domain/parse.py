"""The door of parsing: bytes and what is said about them, to records or a refusal."""

from email.message import Message as Headers

from millrace.ingestion.domain.delimited import parse_delimited
from millrace.ingestion.domain.documents import parse_lines, parse_records
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parsed import Options, Parsed

_MEDIA_TYPES = {
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/x-jsonlines": "ndjson",
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/vnd.ms-excel": "csv",  # what browsers on Windows say of a .csv file
}
UNTOLD = frozenset({"", "application/octet-stream", "text/plain", "application/x-www-form-urlencoded"})
"""Media types that clients send when they know nothing: the file's name or content then tells."""

_SUFFIXES = {"json": "json", "ndjson": "ndjson", "jsonl": "ndjson", "csv": "csv", "tsv": "tsv", "tab": "tsv"}

_FOREIGN = (
    (b"PK\x03\x04", "a ZIP or XLSX file"), (b"\xd0\xcf\x11\xe0", "an XLS file"), (b"\x1f\x8b", "a gzip file"),
    (b"PAR1", "a Parquet file"), (b"%PDF", "a PDF file"),
)  # fmt: skip


def parse(data: bytes, media_type: str = "", filename: str = "", options: Options | None = None) -> Parsed:
    """The records in `data`: JSON, NDJSON or delimited text, by media type, file name or content, in this order.

    Takes any bytes: the answer is a `Parsed` with at least one record, or BadFile.
    """
    options = options or Options()
    if not data.strip():
        raise BadFile("empty_file", "the file is empty")
    kind, charset = _kind(data, media_type, filename)
    if kind in ("csv", "tsv"):
        return parse_delimited(data, options, charset, "\t" if kind == "tsv" else "")
    if options.mapping or options.scale:
        raise BadFile("mapping_without_columns", "a mapping or scale applies to files with columns, not to JSON")
    return parse_records(data) if kind == "json" else parse_lines(data)


def _kind(data: bytes, media_type: str, filename: str) -> tuple[str, str]:
    for mark, name in _FOREIGN:
        if data.startswith(mark):
            raise BadFile("unsupported_format", f"this is {name}; send JSON, NDJSON or CSV")
    headers = Headers()
    headers["content-type"] = media_type
    told = headers.get_content_type() if media_type.strip() else ""
    charset = headers.get_content_charset("")
    if told in _MEDIA_TYPES:
        return _MEDIA_TYPES[told], charset
    if told not in UNTOLD:
        raise BadFile("unsupported_format", f"no reader for {told[:64]!r}; send JSON, NDJSON or CSV")
    suffix = filename.rpartition(".")[2].casefold()
    return _SUFFIXES.get(suffix) or _by_content(data), charset


def _by_content(data: bytes) -> str:
    head = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:1] == b"[":
        return "json"
    if head[:1] != b"{":
        return "csv"
    first_line = head.partition(b"\n")[0].rstrip()
    return "ndjson" if first_line.endswith(b"}") and first_line != head.rstrip() else "json"
