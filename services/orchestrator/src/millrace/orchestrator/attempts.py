"""Attempts: a run is cancelled, run again, or amended by results that came late. Each on condition of its attempt."""

from dataclasses import dataclass
from datetime import timedelta

from millrace.contracts.messages import Advance, Cancel, Redrive
from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import CallbackStatus, RunRecord, RunStatus, StageRecord, StepRecord
from millrace.orchestrator import runs, tracing
from millrace.orchestrator.domain import joining
from millrace.orchestrator.engine import Engine
from millrace.orchestrator.errors import Contended, NotDelivered
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Begins and ends attempts of runs."""

    engine: Engine

    def cancel(self, message: Cancel) -> None:
        """End the attempt now. Parts that begin later find that nobody waits; the callback says `cancelled`.

        The reason is in the record; a release that asked by message alone had it there. Contended when somebody else
        wrote meanwhile: the message is tried again.
        """
        record = self.engine.store.get(message.tenant, message.run_id)
        tracing.again(message, record)
        if record.status.terminal or record.attempt != message.attempt:
            return
        reason = record.pending.reason if record.pending else message.reason
        if not self.engine.move(record, runs.cancel(record, reason, self.engine.clock())):
            raise Contended(f"{record.run_id} moved on while it was to be cancelled")

    def redrive(self, message: Redrive) -> None:
        """Begin the next attempt of an ended run. Contended when somebody else wrote meanwhile."""
        record = self.engine.store.get(message.tenant, message.run_id)
        tracing.again(message, record)
        if not record.status.terminal or record.attempt != message.attempt:
            return
        if not self.engine.begin_again(record, record.pending.start if record.pending else message.start):
            raise Contended(f"{record.run_id} moved on while it was to be run again")

    def advance(self, message: Advance) -> None:
        """Carry the run on; when it ended without what now came late, amend it."""
        record = self.engine.advance(message)
        late = message.stage is not None and record.attempt == message.attempt and record.pending is None
        if late and record.status is RunStatus.PARTIAL:
            self._amend(record)

    def _amend(self, record: RunRecord) -> None:
        """One amendment a run, of its first attempt, while its flow takes late results."""
        flow, at = self.engine.flow(record), self.engine.clock()
        ended = record.ended_at or at
        if record.attempt > 1 or at > ended + timedelta(seconds=flow.amend_s):
            return
        late = [step for stage in record.stages for step in self._late(record, stage)]
        if not late:
            return
        callback = record.callback
        if callback is not None and callback.status is CallbackStatus.PENDING:
            raise NotDelivered(f"{record.run_id} is amended when its callback is out")
        if self.engine.move(record, runs.amend(flow, record, late, at, tracing.queued_s())):
            log.info("run_amended", extra={"action": "run_amended", "run_id": record.run_id, "steps": len(late)})

    def _late(self, record: RunRecord, stage: StageRecord) -> list[StepRecord]:
        """Steps of a joined stage that were late then and are whole by now."""
        missed = joining.stragglers(stage)
        outcomes = self.engine.joins.outcomes(record, stage.name) if missed else {}
        ends = (joining.join_step(step, outcomes) for step in missed)
        return [step for step in ends if step.status is OutcomeStatus.SUCCEEDED]
