"""The query of `POST /v1/runs`. Read by hand: the framework takes a third of the time that accepting a batch takes."""

from typing import Annotated, Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from starlette.datastructures import QueryParams

from millrace.ingestion.body import MAX_METADATA, Metadata, Options, ShortText, Url
from millrace.ingestion.errors import BadRequest

LONGEST_FILENAME = 255
_LISTS = ("map", "meta")
_METADATA: TypeAdapter[dict[str, str]] = TypeAdapter(Metadata)

Pairs = Annotated[list[Annotated[str, StringConstraints(max_length=700)]], Field(max_length=MAX_METADATA)]


class SubmitQuery(BaseModel):
    """What may be asked for beside the body. A misspelt option is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    flow: ShortText = Field(default="customer-feedback", description="The flow to run: one of `GET /v1/flows`.")
    callback_url: Url | None = Field(default=None, description="Where the run's end is posted to.")
    deadline_s: float | None = Field(default=None, ge=1, le=300, description="Seconds; the flow's own by default.")
    scale: ShortText = Field(default="", description="The scale of a file's ratings, over the guess.")
    filename: Annotated[str, StringConstraints(max_length=LONGEST_FILENAME)] = Field(
        default="", description="Its suffix tells the format where the media type does not. Never used as a name."
    )
    upload_id: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="", description="An upload to take in place of a body."
    )
    map: Pairs = Field(default=[], description="`field:column header`, over the guess; may stand several times.")
    meta: Pairs = Field(default=[], description="`key:value` to keep with the run; may stand several times.")


def read_query(params: QueryParams, media_type: str) -> tuple[Options, str]:
    """The options in a query, and its upload; RequestValidationError or BadRequest where they do not fit."""
    if not params:
        return Options(media_type=media_type), ""
    given: dict[str, Any] = {}
    for name in params:
        values = params.getlist(name)
        given[name] = values if name in _LISTS or len(values) > 1 else values[0]
    try:
        query = SubmitQuery.model_validate(given)
    except ValidationError as error:
        raise _invalid("query", error) from None
    options = Options(
        flow=query.flow, callback_url=query.callback_url, deadline_s=query.deadline_s, scale=query.scale,
        filename=query.filename, metadata=_pairs(query.meta, "meta"), mapping=_pairs(query.map, "map"),
        media_type=media_type,
    )  # fmt: skip
    return options, query.upload_id


def described() -> list[dict[str, Any]]:
    """The query's parameters for the API's description."""
    properties = SubmitQuery.model_json_schema()["properties"]
    return [
        {"name": name, "in": "query", "required": False, "description": schema.pop("description"), "schema": schema}
        for name, schema in properties.items()
    ]


def _pairs(values: list[str], option: str) -> dict[str, str]:
    """Repeated `key:value` options as a dict."""
    split = [value.partition(":") for value in values]
    if any(not sign or not key for key, sign, _ in split):
        raise BadRequest(f"{option} takes key:value")
    try:
        return _METADATA.validate_python({key.strip(): value.strip() for key, _, value in split})
    except ValidationError as error:
        raise _invalid(f"query.{option}", error) from None


def _invalid(place: str, error: ValidationError) -> RequestValidationError:
    """Without the values, which the framework's own would carry."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return RequestValidationError([{**fault, "loc": (place, *fault["loc"])} for fault in faults])
