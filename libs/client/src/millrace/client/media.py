"""Media types of the files that the API takes."""

from pathlib import Path

from millrace.client.errors import UnknownMediaType
from millrace.contracts.artifacts import JSON, NDJSON, PARQUET

CSV = "text/csv"
TSV = "text/tab-separated-values"
GZ = ".gz"

BY_SUFFIX = {
    ".csv": CSV, ".tsv": TSV, ".ndjson": NDJSON, ".jsonl": NDJSON, ".json": JSON,
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".parquet": PARQUET,
    ".eml": "message/rfc822", ".mbox": "application/mbox", ".txt": "text/plain", ".pdf": "application/pdf",
    GZ: "application/gzip",
}  # fmt: skip


def media_type_of(path: Path) -> str:
    """The media type that the file's suffix stands for; UnknownMediaType when it stands for none.

    Of a compressed file that of what is inside, where its name says it: gzip is told by its content.
    """
    packed = path.suffix.lower() == GZ
    inside = BY_SUFFIX.get(path.with_suffix("").suffix.lower()) if packed else None
    try:
        return inside or BY_SUFFIX[path.suffix.lower()]
    except KeyError:
        known = ", ".join(BY_SUFFIX)
        raise UnknownMediaType(f"cannot tell what {path.name!r} is by its suffix (known: {known})") from None
