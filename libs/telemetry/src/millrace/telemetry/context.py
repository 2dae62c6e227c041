"""What is known of the work that goes on here and now: fields that every log line and error report carries with it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import MappingProxyType
from typing import Any, Final

from opentelemetry import trace

from millrace.contracts.tracing import TraceContext, parse

MESSAGE_FIELDS: Final = ("run_id", "tenant", "stage", "step", "part", "attempt", "delivery")
"""What a message says of its run, as far as it says it. Ids and numbers, never data."""
TRACE_ID: Final = "trace_id"
SPAN_ID: Final = "span_id"

Fields = Mapping[str, Any]
_NOTHING: Fields = MappingProxyType({})
_bound: ContextVar[Fields] = ContextVar("bound", default=_NOTHING)


def bind(**fields: Any) -> Token[Fields]:
    """Have every line and report of this thread, greenlet or asyncio task carry these too, until `unbind`."""
    return _bound.set({**_bound.get(), **fields})


def unbind(token: Token[Fields]) -> None:
    """Undo what `bind` returned the token for, in the same context."""
    _bound.reset(token)


def forget() -> None:
    """Bind nothing any more, whoever bound it."""
    _bound.set(_NOTHING)


@contextmanager
def carrying(**fields: Any) -> Iterator[None]:
    """`bind` for the length of a block."""
    token = bind(**fields)
    try:
        yield
    finally:
        unbind(token)


def told_by(message: Any) -> dict[str, Any]:
    """What a message to a task says of its run, as it is in the task's arguments; nothing when it is none of ours."""
    if not isinstance(message, Mapping):
        return {}
    return {name: value for name in MESSAGE_FIELDS if (value := message.get(name)) is not None}


def message_fields(message: Any) -> dict[str, Any]:
    """The same, and where the message stands in its trace."""
    fields = told_by(message)
    context = parse(message.get("traceparent")) if isinstance(message, Mapping) else None
    return fields if context is None else fields | trace_fields(context)


def trace_fields(context: TraceContext) -> dict[str, str]:
    """A trace context as fields, in hexadecimal digits."""
    return {TRACE_ID: context.trace_id, SPAN_ID: context.span_id}


def current() -> dict[str, Any]:
    """What is bound, and the ids of the span at work; without one, those of the message, which a run that is not
    sampled has too.
    """
    fields = dict(_bound.get())
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        fields[TRACE_ID], fields[SPAN_ID] = f"{span.trace_id:032x}", f"{span.span_id:016x}"
    return fields
