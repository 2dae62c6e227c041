"""The body of `POST /v1/runs` in the API's description. It is read as it comes, so FastAPI knows nothing of it."""

from typing import Any, Final

from pydantic import BaseModel

from millrace.contracts.artifacts import JSON
from millrace.contracts.records import Record
from millrace.ingestion.body import Document
from millrace.ingestion.from_upload import UploadDocument

_FILES: Final = (
    "application/x-ndjson", "text/csv", "text/tab-separated-values", "text/plain", "application/pdf", "message/rfc822",
    "application/mbox", "application/vnd.apache.parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)  # fmt: skip
_EXAMPLE: Final = {
    "records": [
        {
            "record_id": "r-1", "text": "The parcel came late and the box was torn.",
            "rating": {"scale": "stars5", "value": 2}, "created_at": "2026-03-01T12:00:00Z",
        }
    ]
}  # fmt: skip


def described_body() -> dict[str, Any]:
    """What may be sent: records with the run's options, the name of an upload with them, or a file as it is."""
    records, nested = _schema(Record)
    batch, _ = _schema(Document)
    upload, _ = _schema(UploadDocument)
    # A record that cannot be used is set aside, and no reason to refuse the others.
    many = {"type": "array", "items": {"anyOf": [records, {}]}}
    batch["properties"]["records"] = many
    batch["required"] = ["records"]
    schema = {"anyOf": [batch, upload, many], "$defs": nested}
    # A file has no schema: https://spec.openapis.org/oas/v3.1.1.html#considerations-for-file-uploads
    content: dict[str, Any] = {JSON: {"schema": schema, "examples": {"records": {"value": _EXAMPLE}}}}
    return {"requestBody": {"content": content | {media_type: {} for media_type in _FILES}}}


def _schema(model: type[BaseModel]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model's schema, and those within it."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return schema, schema.pop("$defs", {})
