"""What may leave a process in a span or in an error report: an allow list, so that nothing personal is among it.

Frameworks add more than they are asked for: FastAPI and Sentry put query strings and headers into what they report,
and with them callback addresses, the tokens of report links and whatever else a caller has sent.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace import Event as SpanEvent
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext, Status

from millrace.telemetry.attributes import FIELDS, SPAN_ATTRIBUTES
from millrace.telemetry.logs import KEPT_BACK, told_as_template

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

_KEPT: Final = (
    "event_id", "timestamp", "level", "platform", "logger", "release", "environment", "server_name", "sdk", "modules",
    "fingerprint",
)  # fmt: skip
TAGS: Final = ("run_id", "tenant", "stage", "step", "part", "attempt", "task", "queue", "action", "request_id")
"""Fields by which error reports are found and told apart."""
_DEPTH: Final = 4
_LONGEST: Final = 200
_MANY: Final = 100
_TRACE: Final = ("trace_id", "span_id", "parent_span_id", "op", "status")
_FRAME: Final = ("filename", "abs_path", "function", "module", "lineno", "in_app")
_EXCEPTION: Final = ("type", "module")
_MECHANISM: Final = ("type", "handled")
_NAMED_BY_US: Final = ("route", "task", "component")
"""Sources of a transaction's name that are not the caller's."""


class Scrubbed(SpanExporter):
    """Hands spans on without what is not on the allow list."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """See `SpanExporter`."""
        return self._exporter.export([scrubbed_span(span) for span in spans])

    def shutdown(self) -> None:
        """See `SpanExporter`."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """See `SpanExporter`."""
        return self._exporter.force_flush(timeout_millis)


def scrubbed_span(span: ReadableSpan) -> ReadableSpan:
    """The same span with allowed attributes only. The caller's `tracestate` and an exception's words are left out."""
    return ReadableSpan(
        name=span.name, context=_context(span.context), parent=_context(span.parent), resource=span.resource,
        attributes=_allowed(span.attributes), kind=span.kind, status=Status(span.status.status_code),
        events=[SpanEvent(each.name, _allowed(each.attributes), each.timestamp) for each in span.events],
        links=[Link(context) for each in span.links if (context := _context(each.context)) is not None],
        start_time=span.start_time, end_time=span.end_time, instrumentation_scope=span.instrumentation_scope,
    )  # fmt: skip


def _context(context: SpanContext | None) -> SpanContext | None:
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)


def _allowed(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (attributes or {}).items() if key in SPAN_ATTRIBUTES}


def scrubbed_event(event: "Event", hint: "Hint") -> "Event":
    """An error report's event: types and places of what was raised, our own log line, and nothing of the request."""
    given: dict[str, Any] = dict(event)
    clean: dict[str, Any] = _only(given, _KEPT)
    clean["extra"] = scrubbed_fields(given.get("extra"))
    clean["tags"] = {key: value for key, value in scrubbed_fields(given.get("tags")).items() if key in TAGS}
    clean["contexts"] = {"trace": _only((given.get("contexts") or {}).get("trace") or {}, _TRACE)}
    if "logentry" in given:
        clean["logentry"] = _said(given.get("logger") or "", given["logentry"])
    if given.get("transaction_info", {}).get("source") in _NAMED_BY_US:
        clean |= _only(given, ("transaction", "transaction_info"))
    if "exception" in given:
        clean["exception"] = {"values": [_exception(each) for each in given["exception"].get("values", ())]}
    return clean  # type: ignore[return-value]


def _said(logger: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Our message is a machine key; what stands in its place holders is not, nor is what others say."""
    known = told_as_template(logger, entry.get("params"))
    return _only(entry, ("message",)) if known else {"message": KEPT_BACK}


def scrubbed_fields(fields: Any, depth: int = _DEPTH) -> dict[str, Any]:
    """What is allowed of the fields, at every depth: a name that is not ours goes with all that is below it."""
    if not isinstance(fields, Mapping) or depth == 0:
        return {}
    return {key: _value(value, depth - 1) for key, value in fields.items() if key in FIELDS}


def _value(value: Any, depth: int) -> Any:
    """A value of an allowed name. What is no plain value is told by its type alone: its text may hold anything."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value[:_LONGEST]
    if isinstance(value, Mapping):
        return scrubbed_fields(value, depth)
    if isinstance(value, list | tuple):
        return [_value(each, depth - 1) for each in value[:_MANY]] if depth > 0 else []
    return type(value).__name__


def _exception(raised: Mapping[str, Any]) -> dict[str, Any]:
    """Its type and place. Its text may hold data."""
    frames = (raised.get("stacktrace") or {}).get("frames", ())
    return _only(raised, _EXCEPTION) | {
        "mechanism": _only(raised.get("mechanism") or {}, _MECHANISM),
        "stacktrace": {"frames": [_only(frame, _FRAME) for frame in frames]},
    }


def _only(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}
