"""What a run keeps: which artifacts are lost, and which objects nobody refers to any more."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.run import CallbackStatus, RunRecord, StepRecord
from millrace.orchestrator import runs
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.errors import Conflict
from millrace.storage.ports import RunStore
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """Looks after a run's artifacts and its end."""

    store: RunStore
    artifacts: ArtifactStore

    def lost(self, record: RunRecord) -> frozenset[str]:
        """Names of steps of which an artifact is no longer there."""
        steps = [step for stage in record.stages for step in stage.steps]
        refs = [ref for step in steps for ref in _of_step(step)]
        lost = self.artifacts.lost(record.tenant, record.run_id, refs)
        return frozenset(step.name for step in steps if any(ref.key in lost for ref in _of_step(step)))

    def owes(self, record: RunRecord) -> bool:
        """Whether the callback of this ended run is still to be delivered."""
        return record.callback is not None and record.callback.status is CallbackStatus.PENDING

    def deliver_later(self, record: RunRecord, at: datetime) -> bool:
        """Set when its callback is due after the delivery that is sent now; whether nobody else wrote meanwhile."""
        return self._write(record.model_copy(update={"due_at": at + runs.CALLBACK_GRACE}))

    def look_through(self, record: RunRecord, at: datetime) -> None:
        """Delete what an ended run left behind once it is time, and set when to look at it next."""
        if record.tidy_at is None or record.tidy_at > at:
            self._write(record.model_copy(update={"due_at": _next_look(record, record.tidy_at, at)}))
        else:
            self.tidy(record)
            self._write(record.model_copy(update={"due_at": _next_look(record, None, at), "tidy_at": None}))

    def tidy(self, record: RunRecord) -> int:
        """Delete the run's objects that its record does not refer to; returns how many."""
        known = {ref.key for ref in references(record)}
        orphans = [key for key in self.artifacts.keys_of(record.tenant, record.run_id) if key not in known]
        for key in orphans:
            self.artifacts.delete_key(record.tenant, key)
        log.info("run_tidied", extra={"action": "run_tidied", "run_id": record.run_id, "orphans": len(orphans)})
        return len(orphans)

    def _write(self, record: RunRecord) -> bool:
        try:
            self.store.replace(record)
        except Conflict:
            return False
        return True


def _next_look(record: RunRecord, due: datetime | None, at: datetime) -> datetime | None:
    """When to look at an ended run: soon, while something is asked of it that this release cannot do."""
    soon = at + runs.CALLBACK_GRACE
    return due if record.pending is None else min(due or soon, soon)


def references(record: RunRecord) -> Iterator[ArtifactRef]:
    """Every artifact that the record refers to."""
    yield record.batch
    if record.report is not None:
        yield record.report
    yield from (attempt.report for attempt in record.history if attempt.report is not None)
    steps = (*(step for stage in record.stages for step in stage.steps), *record.reusable)
    yield from (ref for step in steps for ref in _of_step(step))


def _of_step(step: StepRecord) -> Iterator[ArtifactRef]:
    return (ref for refs in step.artifacts.values() for ref in refs)
