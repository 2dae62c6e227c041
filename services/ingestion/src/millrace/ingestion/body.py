"""What a request asks for, and its body as a batch. Runs in the parser's child: plain values in and out."""

from dataclasses import dataclass, field, replace

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from millrace.contracts.api import ColumnMapping, SetAside
from millrace.contracts.artifacts import JSON
from millrace.contracts.records import Record
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parse import UNTOLD, parse
from millrace.ingestion.domain.parsed import Options as ParseOptions


@dataclass(frozen=True, kw_only=True)
class Options:
    """A run's options, out of the query, or out of the JSON body."""

    flow: str = "customer-feedback"
    callback_url: str | None = None
    deadline_s: float | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    mapping: dict[str, str] = field(default_factory=dict)
    scale: str = ""
    media_type: str = ""
    filename: str = ""


class _Document(BaseModel):
    """A JSON body but for its records, which the parser checks one by one."""

    model_config = ConfigDict(extra="forbid")

    flow: str = ""
    callback_url: str | None = None
    metadata: dict[str, str] = Field(default={}, max_length=32)
    deadline_s: float | None = None
    records: object = None


@dataclass(frozen=True, kw_only=True)
class ReadBody:
    """A batch that can be accepted, ready to be stored."""

    options: Options
    ndjson: bytes
    """One canonical record a line."""
    records: int
    mapping: ColumnMapping | None = None
    set_aside: tuple[SetAside, ...] = ()
    set_aside_total: int = 0


def read_body(data: bytes, options: Options) -> ReadBody:
    """The batch in a request's body; BadFile names what is wrong, by row and field."""
    if options.media_type == JSON or _looks_like_a_document(data, options.media_type):
        options = _with_document_options(data, options)
    parse_options = ParseOptions(mapping=options.mapping, scale=options.scale)
    parsed = parse(data, options.media_type, options.filename, parse_options)
    return ReadBody(
        options=options, ndjson=to_ndjson(parsed.records), records=len(parsed.records), mapping=parsed.mapping,
        set_aside=parsed.set_aside, set_aside_total=parsed.set_aside_total,
    )  # fmt: skip


def _looks_like_a_document(data: bytes, media_type: str) -> bool:
    """Whether a body of no particular type is one JSON object: its options must not be dropped in silence."""
    if media_type not in UNTOLD or not data.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(from_json(data), dict)
    except ValueError:
        return False


def _with_document_options(data: bytes, options: Options) -> Options:
    """The run's options beside `records` in a JSON document; a misspelt one is refused, not ignored."""
    try:
        document = from_json(data)
        given = _Document.model_validate(document) if isinstance(document, dict) else _Document()
    except ValidationError as error:
        faults = [SetAside(row=0, field=".".join(map(str, each["loc"])), reason=each["msg"]) for each in error.errors()]
        raise BadFile("invalid_options", "the run's options do not fit", tuple(faults[:20])) from None
    except ValueError:
        raise BadFile("not_json", "the body is not valid JSON in UTF-8") from None
    return replace(options, **given.model_dump(exclude={"records"}, exclude_unset=True))


def to_ndjson(records: tuple[Record, ...]) -> bytes:
    """Records as the raw batch artifact holds them."""
    return b"".join(record.model_dump_json(exclude_defaults=True).encode() + b"\n" for record in records)
