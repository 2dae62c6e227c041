"""Spans of calls to stores. Only OpenTelemetry's API is used: where nobody records, a call costs next to nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from millrace.storage.errors import Conflict, NotFound

_ANSWERS = (NotFound, Conflict)
"""A store that says this works as it should."""


@contextmanager
def store_span(name: str, store: str) -> Iterator[None]:
    """A span `name` (a verb and what it is done to) around a call of `store`: `s3`, `redis` or `dynamodb`.

    Also a decorator. It says nothing of keys, and of what is raised only the type.
    """
    if not trace.get_current_span().is_recording():
        yield
        return
    made = None
    try:
        # Inside: a soft time limit may fall between any two lines.
        made = trace.get_tracer("millrace").start_span(name, kind=SpanKind.CLIENT, attributes={"store": store})
        yield
    except Exception as error:
        if made is not None:
            made.set_attribute("error.type", type(error).__name__)
            if not isinstance(error, _ANSWERS):
                made.set_status(StatusCode.ERROR)
        raise
    finally:
        if made is not None:
            made.end()
