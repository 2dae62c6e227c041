"""Spans that are written from a record after the fact, with ids that follow from it: runs, stages, whole traces."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from millrace.telemetry.table import Kind
from millrace.telemetry.tracing import KINDS as _KINDS
from millrace.telemetry.tracing import Value, known, links_to, nanoseconds, place_of, traces


def emit(
    name: str,
    *,
    context: str | None,
    parent: str | None,
    start: datetime,
    end: datetime,
    service: str | None = None,
    kind: Kind = Kind.INTERNAL,
    attributes: Mapping[str, Value] | None = None,
    links: Iterable[str | None] = (),
    error: str | None = None,
) -> None:
    """Write one span. Nothing happens when traces are off, or `context` is none or of a trace that is not recorded.

    `context`, `parent`, `links`: W3C trace contexts of the span itself, of what it is a part of (None: of nothing) and
    of what it belongs to besides. `service`: whose span it is, if not this process's. `error`: a type, never a text;
    None when it went well. Writing a span twice is harmless to receivers that know spans by their ids, and only to
    them. Never blocks: spans wait with those of the tracer, and `tracing.barrier` waits for them too.
    """
    made, place = traces(), place_of(context)
    if made is None or place is None or not place.trace_flags.sampled:
        return
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Status, StatusCode

    made.outbox.put(
        [
            ReadableSpan(
                name=name, context=place, parent=place_of(parent), resource=made.resource(service or made.service),
                attributes=known(attributes) | ({"error.type": error} if error else {}), links=links_to(links),
                kind=_KINDS[kind], status=Status(StatusCode.ERROR if error else StatusCode.UNSET),
                start_time=nanoseconds(start), end_time=max(nanoseconds(start), nanoseconds(end)),
            )
        ]
    )  # fmt: skip
