"""OpenTelemetry's SDK, put together our way. Loaded only where traces have an address: it costs 0.2 s and 15 MB."""

import atexit
import logging
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, Sampler, TraceIdRatioBased

from millrace.telemetry.export import Outbox
from millrace.telemetry.identity import a_service, this_process
from millrace.telemetry.scrubbing import Scrubbed
from millrace.telemetry.settings import TelemetrySettings
from millrace.telemetry.subtrees import Subtrees

TIMEOUT_S: Final = 1.0
"""Of a request. Shorter than the exporter's own backoff: what is tried again is our outbox's affair."""
MOST_OF_A_SPAN: Final = 128
"""Attributes or events, of which ours have a few."""
_EXPORTERS_LOG: Final = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


@dataclass(frozen=True)
class Traces:
    """What a process records its spans with."""

    service: str
    settings: TelemetrySettings
    outbox: Outbox

    def resource(self, service: str) -> Resource:
        """Who a span is of: this process, or another service that it speaks for."""
        return self._own if service == self.service else a_service(service, self.settings)

    @cached_property
    def _own(self) -> Resource:
        return this_process(self.service, self.settings)

    @cached_property
    def tracer(self) -> trace.Tracer:
        """What makes our spans."""
        return trace.get_tracer("millrace")


def outlet(service: str, settings: TelemetrySettings) -> Traces:
    """A way out for spans that are written from a record, without a tracer."""
    # It tells of every try; the outbox says once that it fails.
    logging.getLogger(_EXPORTERS_LOG).setLevel(logging.CRITICAL)
    endpoint = f"{settings.otlp_endpoint.rstrip('/')}/v1/traces"
    outbox = Outbox(exporter=Scrubbed(OTLPSpanExporter(endpoint=endpoint, timeout=TIMEOUT_S)))
    atexit.register(outbox.close)
    return Traces(service, settings, outbox)


def build(service: str, settings: TelemetrySettings, begins: bool) -> Traces:
    """Set the process's tracer provider. Call it after a fork: the SDK's own hooks for that are costly.

    `begins`: whether this service begins traces.
    """
    made = outlet(service, settings)
    provider = TracerProvider(
        sampler=sampler(settings.trace_share if begins else None),
        resource=made.resource(service),
        shutdown_on_exit=False,
        span_limits=_limits(),
    )
    provider.add_span_processor(Subtrees(made.outbox.put, made.outbox.tell))
    trace.set_tracer_provider(provider)
    return made


def _limits() -> SpanLimits:
    """Ours, whatever the environment says: a join links to all of its parts, of which there may be some hundreds."""
    return SpanLimits(
        max_links=SpanLimits.UNSET, max_events=MOST_OF_A_SPAN, max_attributes=MOST_OF_A_SPAN,
        max_span_attributes=MOST_OF_A_SPAN, max_event_attributes=MOST_OF_A_SPAN, max_link_attributes=MOST_OF_A_SPAN,
        max_attribute_length=SpanLimits.UNSET, max_span_attribute_length=SpanLimits.UNSET,
    )  # fmt: skip


def sampler(share: float | None) -> Sampler:
    """Who begins traces chooses by the trace's id, whatever a caller's own flag says: it is not to buy our cost.

    `share`: of the traces that are recorded; None for who carries on only what was chosen, and begins nothing.
    """
    if share is None:
        return ParentBased(root=ALWAYS_OFF)
    chosen = TraceIdRatioBased(share)
    return ParentBased(root=chosen, remote_parent_sampled=chosen, remote_parent_not_sampled=chosen)
