"""Send one message to an endpoint: signed, written into the log, and with what its answer means for the endpoint."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from millrace.callback.adapters import Letter, Sender
from millrace.callback.domain import schedule
from millrace.callback.domain.signing import headers
from millrace.callback.errors import Unreachable
from millrace.contracts.base import now
from millrace.contracts.endpoints import DeliveryRecord, EndpointRecord, Kind
from millrace.contracts.errors import AddressRefused
from millrace.storage.endpoints import Endpoints, delivery_id
from millrace.storage.errors import StorageError
from millrace.telemetry import tracing
from millrace.telemetry.logs import get_logger
from millrace.telemetry.table import DELIVERY
from millrace.telemetry.table import Kind as SpanKind

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What is to be sent. Body and event id are the same each time; the signature's time is not."""

    kind: Kind
    event_id: str
    body: bytes = field(repr=False)
    delivery: int = 1
    run_id: str = ""
    traceparent: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How one attempt went."""

    status: int | None = None
    error: str = ""
    """A machine key; empty when it was taken."""
    final: bool = False
    """No other attempt will go better."""
    asked_s: float = 0.0
    """What `Retry-After` asked for, in seconds."""
    began_at: datetime | None = None
    """When it began to be sent; None when it was not."""
    seconds: float = 0.0
    """How long that took, with or without an answer."""


@dataclass(frozen=True, kw_only=True)
class Post:
    """Sends parcels to endpoints."""

    endpoints: Endpoints
    sender: Sender
    clock: Callable[[], datetime] = now

    def send(self, endpoint: EndpointRecord, parcel: Parcel) -> Answer:
        """One attempt. Raises nothing that the consumer causes."""
        at, began = self.clock(), time.perf_counter()
        signed = headers(parcel.event_id, at, parcel.body, endpoint.live_keys(at))
        answer = self._traced(endpoint, parcel, signed)
        answer = replace(answer, began_at=at, seconds=round(time.perf_counter() - began, 4))
        entry = DeliveryRecord(
            delivery_id=delivery_id(at), at=at, kind=parcel.kind, event_id=parcel.event_id, run_id=parcel.run_id,
            delivery=parcel.delivery, status=answer.status, error=answer.error,
            seconds=answer.seconds, headers=signed if parcel.kind == "test" else {},
        )  # fmt: skip
        self._remember(endpoint, entry, answer)
        return answer

    def _traced(self, endpoint: EndpointRecord, parcel: Parcel, signed: dict[str, str]) -> Answer:
        """The attempt in a span of its own, which the request names; the run's own place where nothing is recorded."""
        about: dict[str, tracing.Value] = {
            "http.request.method": "POST", "tenant": endpoint.tenant, "run_id": parcel.run_id,
            "event_id": parcel.event_id, "endpoint_id": endpoint.endpoint_id, "delivery": parcel.delivery,
        }  # fmt: skip
        with tracing.span(DELIVERY, SpanKind.CLIENT, about) as made:
            place = tracing.current_traceparent() if tracing.recorded() else parcel.traceparent
            answer = self._try(endpoint, parcel, signed | ({"traceparent": place} if place else {}))
            tracing.say(**{"http.response.status_code": answer.status, "status": "failed" if answer.error else "taken"})
            if answer.error:
                tracing.fail(made, answer.error)
        return answer

    def _try(self, endpoint: EndpointRecord, parcel: Parcel, headers: dict[str, str]) -> Answer:
        try:
            reply = self.sender.send(Letter(url=endpoint.url, headers=headers, body=parcel.body))
        except AddressRefused:
            # By the URL alone: it will not become another one.
            return Answer(error="address_refused", final=True)
        except Unreachable as unreachable:
            return Answer(error=str(unreachable))
        asked_s = schedule.retry_after_s(reply.retry_after, self.clock())
        error = "" if 200 <= reply.status < 300 else f"http_{reply.status}"
        return Answer(status=reply.status, error=error, final=reply.status == schedule.GONE, asked_s=asked_s)

    def _remember(self, endpoint: EndpointRecord, entry: DeliveryRecord, answer: Answer) -> None:
        """A store that is away costs the log an entry, never the run its outcome; the entry comes first."""
        tenant, name = endpoint.tenant, endpoint.endpoint_id
        with _logged(name):
            self.endpoints.note(tenant, name, entry)
        with _logged(name):
            if answer.status == schedule.GONE:
                self.endpoints.disable(tenant, name, "gone")
            elif answer.status in schedule.TOO_MUCH:
                self.endpoints.slow_down(tenant, name, schedule.bounded(answer.asked_s).total_seconds())
            elif not answer.error and endpoint.slowdowns:
                self.endpoints.speed_up(tenant, name)


@contextmanager
def _logged(endpoint: str) -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        log.warning(
            "delivery_not_noted",
            extra={"action": "delivery_not_noted", "endpoint_id": endpoint, "error": type(error).__name__},
        )
