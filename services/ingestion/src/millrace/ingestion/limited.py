"""Request bodies of a bounded size."""

from typing import TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from millrace.ingestion.errors import TooLarge

MAX_OPTIONS_BYTES = 4096
"""Of a body of options: far more than a reason of 200 characters or a URL takes."""

Model = TypeVar("Model", bound=BaseModel)


async def read_limited(request: Request, limit: int) -> bytes:
    """The body, counted as it streams in: a declared length is only believed when it is too large."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise TooLarge(f"a body may have {limit} bytes")
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"a body may have {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


async def read_model(request: Request, model: type[Model]) -> Model:
    """A body of options as its contract has it; an empty one asks for nothing in particular."""
    data = await read_limited(request, MAX_OPTIONS_BYTES)
    try:
        # Strictly: what the description calls a number is not taken as a yes or a text.
        return model.model_validate_json(data or b"{}", strict=True)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from None


def takes(model: type[BaseModel], required: bool = False) -> dict[str, object]:
    """The body in the API's description: it is read here, so that its size is bounded."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": required, "content": content}}
