"""Record the spans of this very process, as a service does, and keep what a receiver on loopback got of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.util._once import Once

from millrace.telemetry import tracing
from millrace.telemetry.settings import TelemetrySettings
from millrace.testing.otlp import PATIENCE_S, Receiver, Span, receiving


@dataclass(frozen=True)
class Recording:
    """What was recorded so far."""

    receiver: Receiver

    def spans(self, name: str = "") -> list[Span]:
        """Every span that has ended and whose name begins like this, once the receiver has it."""
        made = tracing.traces()
        assert made is not None
        assert made.outbox.settled(PATIENCE_S), "the spans were not taken"
        return [span for span in self.receiver.received() if span.name.startswith(name)]

    def span(self, name: str) -> Span:
        """The only one of this name."""
        (found,) = self.spans(name)
        return found


@contextmanager
def recording(service: str, share: float = 1.0) -> Iterator[Recording]:
    """Have this process record as the service for the length of a block.

    OpenTelemetry has one provider for the life of a process; tests need one each.
    """
    before = trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE, tracing._traces
    trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = None, Once()
    with receiving() as receiver:
        tracing.configure_tracing(service, TelemetrySettings(otlp_endpoint=receiver.url, trace_share=share))
        try:
            yield Recording(receiver)
        finally:
            tracing.close()
            trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE, tracing._traces = before
