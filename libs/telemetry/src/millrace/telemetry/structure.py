"""Spans that are written from a record after the fact, with ids that follow from it: runs, stages, whole traces."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from millrace.telemetry.table import Kind
from millrace.telemetry.tracing import KINDS as _KINDS
from millrace.telemetry.tracing import Value, known, links_to, nanoseconds, place_of, traces

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from millrace.telemetry.provider import Traces


@dataclass(frozen=True, kw_only=True)
class Written:
    """A span that is written after the fact.

    `context`, `parent`, `links`: W3C trace contexts of the span itself, of what it is a part of (None: of nothing) and
    of what it belongs to besides. `service`: whose span it is, if not this process's. `error`: a type, never a text;
    None when it went well.
    """

    name: str
    context: str | None
    parent: str | None
    start: datetime
    end: datetime
    service: str | None = None
    kind: Kind = Kind.INTERNAL
    attributes: Mapping[str, Value] = field(default_factory=dict)
    links: Iterable[str | None] = ()
    error: str | None = None


def emit_all(spans: Iterable[Written]) -> None:
    """Write spans, all of them or, where there is no room, none: a child is not to be without its parent.

    Those are left out whose `context` is none or of a trace that is not recorded; nothing happens when traces are off.
    Writing a span twice is harmless to receivers that know spans by their ids, and only to them. Never blocks: spans
    wait with those of the tracer, and `tracing.barrier` waits for them too.
    """
    made = traces()
    if made is None:
        return
    told = [_readable(each, made) for each in spans if _recorded(each.context)]
    if told:
        made.outbox.put(told)


def _recorded(context: str | None) -> bool:
    place = place_of(context)
    return place is not None and place.trace_flags.sampled


def _readable(span: Written, made: "Traces") -> "ReadableSpan":
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Status, StatusCode

    begin = nanoseconds(span.start)
    return ReadableSpan(
        name=span.name, context=place_of(span.context), parent=place_of(span.parent),
        resource=made.resource(span.service or made.service),
        attributes=known(span.attributes) | ({"error.type": span.error} if span.error else {}),
        links=links_to(span.links), kind=_KINDS[span.kind],
        status=Status(StatusCode.ERROR if span.error else StatusCode.UNSET),
        start_time=begin, end_time=max(begin, nanoseconds(span.end)),
    )  # fmt: skip
