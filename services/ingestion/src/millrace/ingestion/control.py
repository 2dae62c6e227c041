"""Ask for the end of a run, or for another attempt at it. What its record forbids is refused at once.

What is asked is written into the run record before it is answered, so it is done whatever becomes of the message: the
record is due at once, and the orchestrator's sweep finds it there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from millrace.contracts.api import Asked
from millrace.contracts.base import now
from millrace.contracts.flow import Flow
from millrace.contracts.messages import FROM_FAILED
from millrace.contracts.run import Ask, RunRecord
from millrace.ingestion.adapters import Asker
from millrace.ingestion.errors import AlreadyEnded, StillActive, UnknownStart
from millrace.ingestion.tracing import asking
from millrace.storage.errors import Conflict
from millrace.storage.ports import RunStore
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

TRIES = 5
"""How often an ask is written while others write to the record: a run moves some ten times a second at most."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """Checks what is asked of a run against its record, writes it there and passes it on."""

    runs: RunStore
    flows: Callable[[], Mapping[str, Flow]]
    asker: Asker
    clock: Callable[[], datetime] = field(default=now)

    def cancel(self, tenant: str, run_id: str, reason: str) -> Asked:
        """Ask for the end of the run's attempt. NotFound or AlreadyEnded; Conflict when others keep writing."""

        def wanted(record: RunRecord) -> Ask:
            if record.status.terminal:
                raise AlreadyEnded(f"the run has ended as {record.status}; there is nothing to cancel")
            return record.pending or Ask(what="cancel", attempt=record.attempt, at=self.clock(), reason=reason)

        return self._ask(tenant, run_id, wanted)

    def redrive(self, tenant: str, run_id: str, start: str) -> Asked:
        """Ask for a new attempt. NotFound, StillActive or UnknownStart; Conflict when others keep writing."""

        def wanted(record: RunRecord) -> Ask:
            if not record.status.terminal:
                raise StillActive(f"attempt {record.attempt} has not ended; cancel it first, or wait for its end")
            self._check_start(record, start)
            if record.pending is not None and record.pending.start != start:
                raise StillActive(f"a redrive from {record.pending.start} has been asked for and is about to begin")
            return record.pending or Ask(what="redrive", attempt=record.attempt, at=self.clock(), start=start)

        return self._ask(tenant, run_id, wanted)

    def _check_start(self, record: RunRecord, start: str) -> None:
        flow = self.flows().get(record.flow)
        stages = flow.stages if flow else ()
        names = [name for stage in stages for name in (stage.name, *(step.name for step in stage.steps))]
        if start not in (FROM_FAILED, *names):
            known = ", ".join((FROM_FAILED, *names))
            raise UnknownStart(f"the flow {record.flow} has no stage or step of that name; from takes: {known}")

    def _ask(self, tenant: str, run_id: str, wanted: Callable[[RunRecord], Ask]) -> Asked:
        record, asked = self._written(tenant, run_id, wanted)
        about = {"run_id": run_id, "attempt": asked.attempt}
        log.info("%s_asked", asked.what, extra=about | {"action": f"{asked.what}_asked"})
        with asking(record, asked.what):
            if record.pending is not None:
                self._tell(record, asked)
        links = {"self": f"/v1/runs/{run_id}"}
        return Asked(run_id=run_id, attempt=asked.attempt, asked=asked.what, links=links)

    def _tell(self, record: RunRecord, asked: Ask) -> None:
        try:
            self.asker.ask(record)
        except Exception as error:
            # Whatever kept the message back: the record holds what was asked, and the sweep looks at it within seconds.
            failed = {"action": f"{asked.what}_not_published", "error": type(error).__name__}
            about = {"run_id": record.run_id, "attempt": record.attempt}
            log.warning("%s_not_published", asked.what, extra=about | failed)

    def _written(self, tenant: str, run_id: str, wanted: Callable[[RunRecord], Ask]) -> tuple[RunRecord, Ask]:
        """The record with what is asked of it in it. What was asked before and is not done yet stands as it is.

        A write that is said to have lost may have been done after all, and be carried out by now: the record still says
        what it was asked last.
        """
        asked: Ask | None = None
        tries = 0
        while True:
            record = self.runs.get(tenant, run_id)
            if asked is not None and record.asked == asked:
                return record, asked
            asked = wanted(record)
            tries += 1
            try:
                return (record if asked == record.pending else self.runs.replace(record.asking(asked))), asked
            except Conflict:
                if tries == TRIES:
                    raise
