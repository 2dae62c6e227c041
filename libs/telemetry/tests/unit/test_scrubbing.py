"""Spans and error reports keep what we say of a request and lose what its caller said."""

import sentry_sdk
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport
from sentry_sdk.utils import event_from_exception

from millrace.telemetry.scrubbing import Scrubbed, scrubbed_event

PERSONAL = "Ann Smith"


def test_a_span_keeps_its_place_and_allowed_attributes_only():
    # given
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Scrubbed(kept)))
    caller = SpanContext(7, 8, True, TraceFlags(1), TraceState([("shop", PERSONAL)]))
    # when
    tracer, parent = provider.get_tracer("tests"), set_span_in_context(NonRecordingSpan(caller))
    with tracer.start_as_current_span("GET /v1/runs", parent, links=[Link(caller, {"who": PERSONAL})]) as span:
        span.set_attributes({"url.query": f"who={PERSONAL}", "run_id": "run_1", "http.route": "/v1/runs"})
        span.record_exception(ValueError(PERSONAL))
        span.set_status(Status(StatusCode.ERROR, PERSONAL))
    # then
    (found,) = kept.get_finished_spans()
    assert dict(found.attributes) == {"run_id": "run_1", "http.route": "/v1/runs"}
    assert (found.context.trace_id, found.parent.span_id, found.status.status_code) == (7, 8, StatusCode.ERROR)
    assert [dict(event.attributes) for event in found.events] == [{"exception.type": "ValueError"}]
    assert PERSONAL not in found.to_json() and PERSONAL not in repr(found.context.trace_state)


def test_an_error_report_tells_types_places_and_our_own_words():
    # given
    sent = []

    class Kept(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            sent.append(envelope)

    client = sentry_sdk.Client(
        "http://public@127.0.0.1:1/1", transport=Kept(), before_send=scrubbed_event, default_integrations=False
    )
    scope = sentry_sdk.Scope()
    scope.set_user({"email": PERSONAL})
    scope.add_event_processor(lambda event, hint: event | {"request": {"query_string": f"who={PERSONAL}"}})
    # when
    try:
        raise ValueError(PERSONAL)
    except ValueError as error:
        client.capture_event(*event_from_exception(error), scope=scope)
    said = {"message": "storage_failed", "params": [PERSONAL]}
    fields = {"run_id": "run_1", "body": PERSONAL}
    client.capture_event({"logger": "millrace.nlp", "logentry": said, "extra": fields}, scope=scope)
    client.capture_event({"logger": "asyncio", "logentry": {"message": PERSONAL, "params": ()}}, scope=scope)
    # then
    events = [envelope.get_event() for envelope in sent]
    assert PERSONAL not in repr(events)
    raised = events[0]["exception"]["values"][0]
    assert (raised["type"], raised["stacktrace"]["frames"][-1]["function"]) == (
        "ValueError", "test_an_error_report_tells_types_places_and_our_own_words",
    )  # fmt: skip
    assert (events[1]["logentry"], events[1]["extra"]) == ({"message": "storage_failed"}, {"run_id": "run_1"})
    assert (events[2]["logger"], events[2]["logentry"]) == ("asyncio", {"message": "text_kept_back"})
