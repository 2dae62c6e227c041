"""Deliver what somebody asks for: a run's callback once more, or a test of an endpoint."""

from dataclasses import dataclass
from typing import Protocol

from celery import Celery

from millrace.contracts.base import now
from millrace.contracts.catalogue import PROBE
from millrace.contracts.endpoints import ProbeAsked, ReplayAsked
from millrace.contracts.ids import event_id, new_run_id
from millrace.contracts.messages import Probe
from millrace.contracts.run import CallbackRecord, CallbackStatus, RunRecord
from millrace.ingestion.errors import BrokerAway, EndpointDisabled, NoCallback, StillActive, StillPending
from millrace.storage.endpoints import Endpoints
from millrace.storage.errors import Conflict, NotFound
from millrace.storage.ports import RunStore
from millrace.telemetry.logs import get_logger
from millrace.worker.publish import publish

log = get_logger(__name__)


class Prober(Protocol):
    """Has the callback service send a test."""

    def probe(self, message: Probe) -> None:
        """Publish the message; raises when it cannot."""


@dataclass(frozen=True)
class CeleryProber:
    """Asks over the broker."""

    app: Celery

    def probe(self, message: Probe) -> None:
        """See `Prober`."""
        publish(self.app, PROBE, message, f"{message.event_id}:1")


@dataclass(frozen=True, kw_only=True)
class Redelivery:
    """Checks what is asked for against what is known, and passes it on."""

    runs: RunStore
    endpoints: Endpoints
    prober: Prober

    def test(self, tenant: str, endpoint: str) -> ProbeAsked:
        """Have a test event sent. NotFound, EndpointDisabled or BrokerAway."""
        self._check_enabled(tenant, endpoint)
        nobodys = new_run_id()
        message = Probe(tenant=tenant, run_id=nobodys, endpoint_id=endpoint, event_id=event_id(nobodys))
        try:
            self.prober.probe(message)
        except Exception as error:
            # Whatever kept the message back, it is not known to be out.
            about = {"action": "probe_not_asked", "endpoint_id": endpoint, "error": type(error).__name__}
            log.warning("probe_not_asked", extra=about)
            raise BrokerAway("the queues do not answer; ask again") from error
        links = {"deliveries": f"/v1/endpoints/{endpoint}/deliveries"}
        return ProbeAsked(endpoint_id=endpoint, event_id=message.event_id, links=links)

    def replay(self, tenant: str, run_id: str) -> ReplayAsked:
        """Make a run's callback due once more. NotFound, StillActive, NoCallback, StillPending or EndpointDisabled.

        It is written into the run's record, so that the sweep sends it, whatever is lost in between.
        """
        record = self.runs.get(tenant, run_id)
        callback = _replayable(record)
        if callback.endpoint_id:
            try:
                self._check_enabled(tenant, callback.endpoint_id)
            except NotFound as error:
                raise EndpointDisabled("the endpoint was deleted; register its URL anew first") from error
        at = now()
        again = callback.model_copy(
            update={
                "status": CallbackStatus.PENDING, "replayed_after": callback.deliveries, "replayed_at": at,
                "delivered_at": None, "last_error": "", "last_status": None,
            }
        )  # fmt: skip
        try:
            self.runs.replace(record.model_copy(update={"callback": again, "due_at": at}))
        except Conflict as error:
            raise StillActive("the run was changed at the same time; look at it and ask again") from error
        log.info(
            "replay_asked", extra={"action": "replay_asked", "run_id": run_id, "delivery": callback.deliveries + 1}
        )
        return ReplayAsked(
            run_id=run_id, event_id=callback.event_id, delivery=callback.deliveries + 1,
            links={"self": f"/v1/runs/{run_id}"},
        )  # fmt: skip

    def _check_enabled(self, tenant: str, endpoint: str) -> None:
        if self.endpoints.get(tenant, endpoint).disabled_at is not None:
            raise EndpointDisabled("the endpoint is disabled; enable it first")


def _replayable(record: RunRecord) -> CallbackRecord:
    if not record.status.terminal:
        raise StillActive(f"attempt {record.attempt} has not ended; its callback follows when it has")
    if record.callback is None:
        raise NoCallback("the run names no callback_url")
    if record.callback.status is CallbackStatus.PENDING:
        raise StillPending("a delivery is under way or scheduled already")
    return record.callback
