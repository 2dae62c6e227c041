"""Traces by OpenTelemetry. Only ingestion begins them; whoever else is at work carries on what a message names."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags

from millrace.contracts import tracing as contract
from millrace.telemetry.settings import TelemetrySettings
from millrace.telemetry.table import Kind

if TYPE_CHECKING:
    from millrace.telemetry.provider import Traces

BEGINS: Final = "ingestion"
"""The service that begins traces and decides which of them are recorded."""

KINDS: Final = {kind: SpanKind[kind.name] for kind in Kind}
_NOWHERE: Final = NonRecordingSpan(trace.INVALID_SPAN_CONTEXT)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Value = str | int | float | bool | None
_traces: "Traces | None" = None


def configure_tracing(service: str, settings: TelemetrySettings, *, forks: bool = False) -> None:
    """Record spans and send them over OTLP/HTTP, if there is an address. Once in a process.

    `forks`: this process makes no spans of its own but writes those of children that are lost; the children, which
    share what was loaded here, call this themselves.
    """
    global _traces
    if settings.otlp_endpoint:
        from millrace.telemetry import provider

        _traces = provider.outlet(service, settings) if forks else provider.build(service, settings, service == BEGINS)


def traces() -> "Traces | None":
    """What this process records its spans with; None when traces are switched off."""
    return _traces


def current_traceparent() -> str | None:
    """W3C trace context of where this thread or greenlet is; None when that is nowhere."""
    return traceparent_of(trace.get_current_span().get_span_context())


def traceparent_of(context: SpanContext) -> str | None:
    """A span's place as the header writes it; None when it is invalid."""
    if not context.is_valid:
        return None
    sampled = context.trace_flags.sampled
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{'01' if sampled else '00'}"


def place_of(traceparent: str | None) -> SpanContext | None:
    """The place that a header names, which is another process's; None for none."""
    found = contract.parse(traceparent)
    if found is None:
        return None
    flags = TraceFlags(TraceFlags.SAMPLED if found.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(found.trace_id, 16), int(found.span_id, 16), is_remote=True, trace_flags=flags)


@contextmanager
def attached(traceparent: str | None) -> Iterator[None]:
    """Be at that place in this block: spans that are begun are its children. None: be nowhere."""
    place = place_of(traceparent)
    token = contexts.attach(trace.set_span_in_context(NonRecordingSpan(place) if place else _NOWHERE))
    try:
        yield
    finally:
        contexts.detach(token)


@contextmanager
def span(
    name: str,
    kind: Kind = Kind.INTERNAL,
    attributes: Mapping[str, Value] | None = None,
    *,
    links: Iterable[str | None] = (),
    began: datetime | None = None,
) -> Iterator[Span]:
    """A span around this block, below the current one. What it raises makes it an error of that type's name.

    Makes nothing, and yields a span that takes anything, where the trace is not recorded. `links`: W3C trace contexts.
    `began`: when it did, if that was before now.
    """
    if not recorded():
        yield trace.get_current_span()
        return
    with within(begin(name, kind, attributes, links=links, began=began)) as made:
        yield made


@contextmanager
def within(made: Span) -> Iterator[Span]:
    """Be in that span in this block, and end it with the block."""
    with trace.use_span(made, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield made
        except Exception as error:
            fail(made, type(error).__name__)
            raise


def begin(
    name: str,
    kind: Kind = Kind.INTERNAL,
    attributes: Mapping[str, Value] | None = None,
    *,
    parent: Span | None = None,
    links: Iterable[str | None] = (),
    began: datetime | None = None,
) -> Span:
    """A span below `parent` or the current one. It does not become the current one, and whoever calls ends it."""
    tracer = _traces.tracer if _traces else trace.get_tracer("millrace")
    return tracer.start_span(
        name,
        context=trace.set_span_in_context(parent) if parent else None,
        kind=KINDS[kind],
        attributes=known(attributes),
        links=links_to(links),
        start_time=None if began is None else nanoseconds(began),
    )


def recorded() -> bool:
    """Whether a span that is begun here and now would be kept: whether the trace that this is in was chosen.

    No span of ours begins a trace. That of a request does, and it is FastAPI's.
    """
    return _traces is not None and trace.get_current_span().get_span_context().trace_flags.sampled


def say(**attributes: Value) -> None:
    """Add these attributes to the current span."""
    trace.get_current_span().set_attributes(known(attributes))


def fail(made: Span, error: str) -> None:
    """Make the span an error of this type: a machine's word, never a text."""
    made.set_attribute("error.type", error)
    made.set_status(StatusCode.ERROR)


def barrier() -> None:
    """Wait a moment until the spans that have ended are taken; before the work that they tell of is acknowledged."""
    if _traces is not None:
        _traces.outbox.barrier()


def close() -> None:
    """Send what is left; the process ends."""
    if _traces is not None:
        _traces.outbox.close()


def known(attributes: Mapping[str, Value] | None) -> dict[str, str | int | float | bool]:
    """Those attributes that have a value."""
    return {name: value for name, value in (attributes or {}).items() if value is not None}


def links_to(links: Iterable[str | None]) -> list[Link]:
    """Links to those of these places that are some."""
    return [Link(place) for each in links if (place := place_of(each)) is not None]


def nanoseconds(at: datetime) -> int:
    """Since 1970, exactly."""
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000
