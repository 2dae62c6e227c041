"""What a request asks for, and its body as a batch. Runs in the parser's child: plain values in and out."""

from dataclasses import dataclass, field, replace

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from millrace.contracts.api import ColumnMapping, SetAside
from millrace.contracts.records import Record
from millrace.ingestion.domain.compressed import gunzip, inner_name, is_gzip
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.formats import is_blank, recognise
from millrace.ingestion.domain.parse import parse_as
from millrace.ingestion.domain.parsed import Options as ParseOptions

CHILD_MEMORY = 768 << 20
"""Bytes of data that the parser's child may hold: what the ingestion container has, less the API itself."""


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


def read_in_child(data: bytes, options: Options) -> ReadBody:
    """`read_body` with a bound on the process's memory. For a child that does nothing else: the bound stays.

    A file that expands further than the libraries that read it can be told to stop then ends the child, not the host.
    """
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or hard > CHILD_MEMORY:
        resource.setrlimit(resource.RLIMIT_DATA, (CHILD_MEMORY, hard))
    return read_body(data, options)


def read_body(data: bytes, options: Options) -> ReadBody:
    """The batch in a request's body; BadFile names what is wrong, by row and field."""
    filename = options.filename
    if is_gzip(data):
        data, filename = gunzip(data), inner_name(filename)
    format, charset = recognise(data, options.media_type, filename)
    if format == "json" and not is_blank(data):
        options = _with_document_options(data, options)
    parsed = parse_as(format, data, ParseOptions(mapping=options.mapping, scale=options.scale), charset)
    return ReadBody(
        options=options, ndjson=to_ndjson(parsed.records), records=len(parsed.records), mapping=parsed.mapping,
        set_aside=parsed.set_aside, set_aside_total=parsed.set_aside_total,
    )  # fmt: skip


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
