"""What a request asks for, and its body as a batch."""

from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from millrace.contracts.api import ColumnMapping, SetAside
from millrace.contracts.records import Record
from millrace.ingestion.domain.compressed import gunzip, inner_name, is_gzip
from millrace.ingestion.domain.documents import load
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.faults import option_faults
from millrace.ingestion.domain.formats import is_blank, recognise
from millrace.ingestion.domain.parse import parse_as, parse_document
from millrace.ingestion.domain.parsed import Options as ParseOptions

LIGHT_BYTES = 64 << 10
LIGHT_RECORDS = 500
LIGHT_VALUES = 2_000
"""Bounds of a JSON body that is checked without a child: 2 ms of CPU, 15 ms when all that can be is at fault."""

MAX_METADATA = 32
"""Entries of `metadata`, and of `map`."""
LONGEST_NAME = 128
LONGEST_VALUE = 512
LONGEST_URL = 2_048

ShortText = Annotated[str, StringConstraints(max_length=LONGEST_NAME)]
Url = Annotated[str, StringConstraints(max_length=LONGEST_URL)]
Metadata = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)],
         Annotated[str, StringConstraints(max_length=LONGEST_VALUE)]],
    Field(max_length=MAX_METADATA),
]  # fmt: skip


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


class Document(BaseModel):
    """A JSON body but for its records, which the parser checks one by one."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)

    flow: ShortText = ""
    callback_url: Url | None = None
    metadata: Metadata = {}
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


def read_light(data: bytes, options: Options) -> ReadBody | None:
    """What `read_body` gives for a small body of JSON or NDJSON, or raises; None for anything else.

    Both are checked by pydantic's own reader, which is as safe and as quick as the framework's. Whatever another
    reader or a pattern would have to look at is a file, and belongs into a child.
    """
    if len(data) > LIGHT_BYTES or data.lstrip()[:1] not in (b"{", b"[") or not _is_light(data):
        return None
    format, _ = recognise(data, options.media_type, options.filename)
    return _read(format, "", data, options) if format in ("json", "ndjson") else None


def _is_light(data: bytes) -> bool:
    """Whether it cannot hold many records or values, in however few records they are."""
    if data.count(b"{") > LIGHT_RECORDS:
        return False
    return data.count(b",") <= LIGHT_VALUES and data.count(b"\n") <= LIGHT_VALUES


def read_body(data: bytes, options: Options) -> ReadBody:
    """The batch in a request's body; BadFile names what is wrong, by row and field."""
    filename = options.filename
    if is_gzip(data):
        data, filename = gunzip(data), inner_name(filename)
    format, charset = recognise(data, options.media_type, filename)
    return _read(format, charset, data, options)


def _read(format: str, charset: str, data: bytes, options: Options) -> ReadBody:
    wanted = ParseOptions(mapping=options.mapping, scale=options.scale)
    if format == "json" and not is_blank(data):
        document = load(data)
        options = _with_document_options(document, options)
        parsed = parse_document(document, wanted)
    else:
        parsed = parse_as(format, data, wanted, charset)
    return ReadBody(
        options=options, ndjson=to_ndjson(parsed.records), records=len(parsed.records), mapping=parsed.mapping,
        set_aside=parsed.set_aside, set_aside_total=parsed.set_aside_total,
    )  # fmt: skip


def _with_document_options(document: Any, options: Options) -> Options:
    """The run's options beside `records` in a JSON document; a misspelt one is refused, not ignored."""
    if not isinstance(document, dict) or document.keys() == {"records"}:
        return options
    try:
        given = Document.model_validate(document)
    except ValidationError as error:
        raise BadFile("invalid_options", "the run's options do not fit", option_faults(error)[:20]) from None
    return replace(options, **given.model_dump(exclude={"records"}, exclude_unset=True))


def to_ndjson(records: tuple[Record, ...]) -> bytes:
    """Records as the raw batch artifact holds them."""
    write = Record.__pydantic_serializer__.to_json  # model_dump_json without the way by str
    return b"".join([write(record, exclude_defaults=True) + b"\n" for record in records])
