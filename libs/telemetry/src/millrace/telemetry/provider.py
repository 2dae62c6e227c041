"""OpenTelemetry's SDK, put together our way. Loaded only where traces have an address: it costs 0.2 s and 15 MB."""

import atexit
import logging
import os
import socket
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, Sampler, TraceIdRatioBased

from millrace.telemetry.export import Outbox
from millrace.telemetry.scrubbing import Scrubbed
from millrace.telemetry.settings import TelemetrySettings
from millrace.telemetry.subtrees import Subtrees

TIMEOUT_S: Final = 1.0
"""Of a request. Shorter than the exporter's own backoff: what is tried again is our outbox's affair."""
_EXPORTERS_LOG: Final = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


@dataclass(frozen=True)
class Traces:
    """What a process records its spans with."""

    service: str
    settings: TelemetrySettings
    outbox: Outbox

    def resource(self, service: str) -> Resource:
        """Who a span is of: this process, or another service that it speaks for."""
        instance = f"{socket.gethostname()}:{os.getpid()}" if service == self.service else ""
        return _resource(service, instance, self.settings.release, self.settings.environment)

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
    )
    provider.add_span_processor(Subtrees(made.outbox.put, made.outbox.tell))
    trace.set_tracer_provider(provider)
    return made


@cache
def _resource(service: str, instance: str, release: str, environment: str) -> Resource:
    about = {"service.name": service, "service.version": release, "deployment.environment.name": environment}
    return Resource(about | ({"service.instance.id": instance} if instance else {}))


def sampler(share: float | None) -> Sampler:
    """Who begins traces chooses by the trace's id, whatever a caller's own flag says: it is not to buy our cost.

    `share`: of the traces that are recorded; None for who carries on only what was chosen, and begins nothing.
    """
    if share is None:
        return ParentBased(root=ALWAYS_OFF)
    chosen = TraceIdRatioBased(share)
    return ParentBased(root=chosen, remote_parent_sampled=chosen, remote_parent_not_sampled=chosen)
