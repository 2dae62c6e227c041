"""Request bodies of a bounded size, each of them and all together."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from millrace.ingestion.errors import NoRoom, RateLimited, TooLarge

MAX_OPTIONS_BYTES = 4096
"""Of a body of options: far more than a reason of 200 characters or a URL takes."""

BODIES: Final = 32
BODIES_OF_TENANT: Final = 8
"""Bodies of the largest size that a process holds at a time, and that one tenant may have of them."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Room:
    """The memory for bodies that are on their way in, or worked on. Only what has arrived counts."""

    most: int
    most_of_tenant: int
    _held: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def hold(self, tenant: str) -> Iterator[Callable[[int], None]]:
        """What takes room for so many bytes more, until the end; NoRoom, or RateLimited for the tenant's own."""
        held = 0

        def take(size: int) -> None:
            nonlocal held
            if self._held[tenant] + size > self.most_of_tenant:
                raise RateLimited("too many bodies of yours are at work; send it again in 2 s", 2)
            if self._held.total() + size > self.most:
                raise NoRoom("too many bodies are at work; send it again in 2 s")
            self._held[tenant] += size
            held += size

        try:
            yield take
        finally:
            self._held[tenant] -= held
            if not self._held[tenant]:
                del self._held[tenant]


def _nothing(_: int) -> None:
    """Small bodies take no room: the number of requests at a time bounds them."""


async def read_limited(request: Request, limit: int, take: Callable[[int], None] = _nothing) -> bytes:
    """The body, counted as it streams in: a declared length is only believed when it is too large."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise TooLarge(f"a body may have {limit} bytes")
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"a body may have {limit} bytes")
        take(len(chunk))
        chunks.append(chunk)
    return b"".join(chunks)


async def read_model(request: Request, model: type[Model], limit: int = MAX_OPTIONS_BYTES) -> Model:
    """A body of options as its contract has it; an empty one asks for nothing in particular."""
    data = await read_limited(request, limit)
    try:
        # Strictly: what the description calls a number is not taken as a yes or a text.
        return model.model_validate_json(data or b"{}", strict=True)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from None


def takes(model: type[BaseModel], required: bool = False) -> dict[str, object]:
    """The body in the API's description: it is read here, so that its size is bounded."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": required, "content": content}}
