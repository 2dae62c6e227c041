"""Media types of the files that the API takes."""

from pathlib import Path

from millrace.client.errors import UnknownMediaType
from millrace.contracts.artifacts import JSON, NDJSON, PARQUET

CSV = "text/csv"
TSV = "text/tab-separated-values"

BY_SUFFIX = {
    ".csv": CSV, ".tsv": TSV, ".ndjson": NDJSON, ".jsonl": NDJSON, ".json": JSON,
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".parquet": PARQUET,
    ".eml": "message/rfc822", ".mbox": "application/mbox", ".txt": "text/plain", ".pdf": "application/pdf",
    ".gz": "application/gzip",
}  # fmt: skip


def media_type_of(path: Path) -> str:
    """The media type that the file's suffix stands for; UnknownMediaType when it stands for none."""
    try:
        return BY_SUFFIX[path.suffix.lower()]
    except KeyError:
        known = ", ".join(BY_SUFFIX)
        raise UnknownMediaType(f"cannot tell what {path.name!r} is by its suffix (known: {known})") from None
