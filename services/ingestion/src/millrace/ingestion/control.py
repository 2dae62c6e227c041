"""Ask for the end of a run, or for another attempt at it. What its record forbids is refused at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from millrace.contracts.api import Asked
from millrace.contracts.flow import Flow
from millrace.contracts.messages import FROM_FAILED
from millrace.contracts.run import RunRecord
from millrace.ingestion.adapters import Asker
from millrace.ingestion.errors import AlreadyEnded, BrokerAway, StillActive, UnknownStart
from millrace.storage.ports import RunStore
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Control:
    """Checks what is asked of a run against its record and passes it on. The orchestrator checks again."""

    runs: RunStore
    flows: Callable[[], Mapping[str, Flow]]
    asker: Asker

    def cancel(self, tenant: str, run_id: str, reason: str) -> Asked:
        """Ask for the end of the run's attempt. NotFound, AlreadyEnded or BrokerAway."""
        record = self.runs.get(tenant, run_id)
        if record.status.terminal:
            raise AlreadyEnded(f"the run has ended as {record.status}; there is nothing to cancel")
        return self._ask(record, "cancel", lambda: self.asker.cancel(record, reason))

    def redrive(self, tenant: str, run_id: str, start: str) -> Asked:
        """Ask for a new attempt. NotFound, StillActive, UnknownStart or BrokerAway."""
        record = self.runs.get(tenant, run_id)
        if not record.status.terminal:
            raise StillActive(f"attempt {record.attempt} has not ended; cancel it first, or wait for its end")
        self._check_start(record, start)
        return self._ask(record, "redrive", lambda: self.asker.redrive(record, start))

    def _check_start(self, record: RunRecord, start: str) -> None:
        flow = self.flows().get(record.flow)
        stages = flow.stages if flow else ()
        names = [name for stage in stages for name in (stage.name, *(step.name for step in stage.steps))]
        if start not in (FROM_FAILED, *names):
            known = ", ".join((FROM_FAILED, *names))
            raise UnknownStart(f"the flow {record.flow} has no stage or step of that name; from takes: {known}")

    def _ask(self, record: RunRecord, asked: Literal["cancel", "redrive"], publish: Callable[[], None]) -> Asked:
        about = {"run_id": record.run_id, "attempt": record.attempt}
        try:
            publish()
        except Exception as error:
            # Whatever kept the message back, it is not known to be out, and only the producer can ask again.
            failed = {"action": f"{asked}_not_asked", "error": type(error).__name__}
            log.warning("%s_not_asked", asked, extra=about | failed)
            raise BrokerAway("the queues do not answer; ask again") from error
        log.info("%s_asked", asked, extra=about | {"action": f"{asked}_asked"})
        return Asked(
            run_id=record.run_id, attempt=record.attempt, asked=asked, links={"self": f"/v1/runs/{record.run_id}"}
        )
