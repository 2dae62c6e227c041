"""Carry a run on: read the record, decide, write it on condition, publish what follows. In that order.

Whoever is killed between the write and the publish leaves a record that is due, and the sweep publishes again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from millrace.contracts.base import now
from millrace.contracts.errors import UnknownFlow
from millrace.contracts.flow import Flow
from millrace.contracts.messages import Advance
from millrace.contracts.run import RunRecord, RunStatus, StageRecord
from millrace.orchestrator import runs, tracing
from millrace.orchestrator.adapters import Joins, Messenger
from millrace.orchestrator.domain import joining, plan
from millrace.orchestrator.domain.joining import Outcomes, Verdict
from millrace.orchestrator.keeping import Keeping
from millrace.orchestrator.measuring import measure
from millrace.storage.errors import Conflict, NotFound, Shredded
from millrace.storage.ports import Due, RunStore
from millrace.telemetry.logs import get_logger
from millrace.telemetry.metrics import count
from millrace.worker.crash import point

log = get_logger(__name__)

PATIENCE = timedelta(minutes=5)
"""How long past its deadline a run waits for a release that knows its flow, while an old and a new one run together."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The orchestrator's decisions over its ports."""

    store: RunStore
    joins: Joins
    messenger: Messenger
    keeping: Keeping
    flows: dict[str, Flow]
    clock: Callable[[], datetime] = field(default=now)

    def advance(self, message: Advance) -> RunRecord:
        """Do what a start message, a chord's body or a deadline asks for. Late and repeated messages do nothing.

        Returns the record as it was found.
        """
        record = self.store.get(message.tenant, message.run_id)
        point("advance_read")
        tracing.again(message, record, message.stage)
        if self.obey(record) or record.status.terminal or record.attempt != message.attempt:
            return record
        if message.stage is None:
            if not record.stages:
                sent = record.model_copy(update={"start_sent_at": tracing.sent_at()})
                self.move(record, runs.start_stage(self.flow(record), sent, self.clock(), tracing.queued_s()))
        elif record.stage is not None and record.stage.name == message.stage:
            self._look(record, record.stage)
        else:
            self._publish_what_is_owed(record)
        return record

    def take_over(self, due: Due) -> None:
        """The sweep's turn: carry on a run whose time has come, whoever lost it."""
        try:
            record = self.store.get(due.tenant, due.run_id)
        except NotFound:
            return
        except Shredded:
            # Accepted while the tenant was shredded: nobody can read it, and it would be due for ever.
            self.store.delete(due.tenant, due.run_id)
            return
        if record.due_at is None or record.due_at > self.clock():
            return
        point("taken_over")
        with tracing.sweeping(record):
            log.info(
                "run_overdue",
                extra={
                    "action": "run_overdue", "run_id": record.run_id, "tenant": record.tenant, "status": record.status,
                },
            )  # fmt: skip
            if self._carry_on(record):
                count("runs_taken_over", flow=record.flow)

    def _carry_on(self, record: RunRecord) -> bool:
        """Whether there was anything to do but to look."""
        if self.obey(record):
            return True
        if record.status.terminal:
            return self._after_the_end(record)
        if record.flow not in self.flows and self.clock() > record.deadline_at + PATIENCE:
            return self.move(record, runs.fail(record, f"no release knows the flow {record.flow}", self.clock()))
        if record.stage is None:
            return self.move(record, runs.start_stage(self.flow(record), record, self.clock()))
        if not self._was_published(record, record.stage):
            return self.move(record, runs.dispatch_again(self.flow(record), record, self.clock()), None)
        if self._look(record, record.stage):
            return True
        self._look_later(record)
        return False

    def obey(self, record: RunRecord) -> bool:
        """Do what was asked of the run before anything else; whether something was.

        Who writes meanwhile is first, and the ask still stands in what he wrote. A redrive of a flow that no release
        knows keeps nothing else from being done, and is given up after a while.
        """
        asked, at = record.pending, self.clock()
        if asked is None:
            return False
        if asked.what == "cancel":
            self.move(record, runs.cancel(record, asked.reason, at))
        elif record.flow in self.flows:
            self.begin_again(record, asked.start)
        elif at > asked.at + PATIENCE:
            log.warning("redrive_given_up", extra={"action": "redrive_given_up", "run_id": record.run_id})
            self._write_quietly(runs.give_up(record, at))
        else:
            # What else is owed goes on meanwhile: its callback, and the next look.
            return False
        return True

    def begin_again(self, record: RunRecord, start: str) -> bool:
        """Begin the next attempt of an ended run; whether it was written."""
        flow, lost = self.flow(record), self.keeping.lost(record)
        return self.move(record, runs.redrive(flow, record, start, lost, self.clock(), tracing.queued_s()))

    def flow(self, record: RunRecord) -> Flow:
        """The run's flow; UnknownFlow when this release has none of that name."""
        try:
            return self.flows[record.flow]
        except KeyError:
            raise UnknownFlow(f"this release has no flow {record.flow!r}") from None

    def move(
        self, before: RunRecord, after: RunRecord, only: tuple[str, ...] | None = None, anew: Iterable[str] = ()
    ) -> bool:
        """Write the record if nobody else did, then publish what follows from it; whether it was written.

        `only`: parts to publish; None for the whole stage. `anew`: stages whose joins begin from nothing again. The
        join of a stage that was left behind is closed last: until then a repeated body finds the record moved on.
        """
        with tracing.acting():
            try:
                written = self.store.replace(tracing.chosen(before, after))
            except Conflict:
                return False
            self._log(written)
            point("record_written")
            try:
                self._publish(before, written, only, anew)
            finally:
                tracing.moved(before, written)
                measure(before, written)
            self._leave(before, written)
            point("join_closed")
        return True

    def _publish(
        self, before: RunRecord, written: RunRecord, only: tuple[str, ...] | None, anew: Iterable[str]
    ) -> None:
        for stage in anew:
            self.joins.clear(before, stage)
        if written.status.terminal:
            self._ended(written)
        elif written.stage is not None:
            self.messenger.fan_out(written, written.stage.name, only)
        point("next_published")

    def _look(self, record: RunRecord, stage: StageRecord) -> bool:
        """Decide on the present stage; whether anything was to be done."""
        flow, at = self.flow(record), self.clock()
        outcomes = self.joins.outcomes(record, stage.name)
        if self._recover(record, stage, outcomes) or self._divide(record, stage, outcomes):
            return True
        worth = plan.second_chance(flow, record, stage, at, joining.empty_handed(record, outcomes))
        match joining.verdict(stage, outcomes, at, worth):
            case Verdict.JOIN:
                with tracing.joining(record, stage, outcomes):
                    self.move(record, runs.join_stage(flow, record, outcomes, at, tracing.queued_s()))
            case Verdict.DISPATCH_AGAIN:
                failed = joining.worth_a_try(stage, outcomes, worth)
                self.joins.drop(record, stage.name, failed)
                again = (*joining.missing(stage, outcomes), *failed)
                vital = joining.vital(stage, outcomes) or joining.empty_handed(record, outcomes)
                tried = joining.tried(stage, outcomes, failed)
                self.move(record, runs.dispatch_again(flow, record, at, vital, tried), again)
            case Verdict.WAIT:
                return False
        return True

    def _recover(self, record: RunRecord, stage: StageRecord, outcomes: Outcomes) -> bool:
        """Go back for artifacts that were lost, unless that was tried too often or is worth the run's time no more."""
        steps, at = joining.lost(stage, outcomes), self.clock()
        in_time = at < record.deadline_at or any(step.required for step in steps)
        if not steps or not in_time or record.recoveries >= runs.MAX_RECOVERIES:
            return False
        lost = self.keeping.lost(record)
        if not lost:
            return False
        after = runs.recover(self.flow(record), record, lost, at, tracing.queued_s())
        log.warning(
            "artifacts_lost",
            extra={"action": "artifacts_lost", "run_id": record.run_id, "stage": stage.name, "steps": len(lost)},
        )
        return self.move(record, after, anew=[each.name for each in record.stages if each not in after.stages])

    def _divide(self, record: RunRecord, stage: StageRecord, outcomes: Outcomes) -> bool:
        """Divide parts that killed their workers, while there is time, to find the one bad record."""
        bad = joining.quarantined(stage, outcomes)
        if not bad or self.clock() >= stage.deadline_at:
            return False
        after, added = runs.divide(self.flow(record), record, bad, self.clock())
        log.warning(
            "parts_divided",
            extra={"action": "parts_divided", "run_id": record.run_id, "stage": stage.name, "parts": len(added)},
        )
        return bool(added) and self.move(record, after, added)

    def _publish_what_is_owed(self, record: RunRecord) -> None:
        """A body that comes again: whoever took the first may have died between its write and its publish."""
        stage = record.stage
        if stage is not None and stage.joined_at is None and not self.joins.published(record, stage.name):
            self.messenger.fan_out(record, stage.name, None)

    def _was_published(self, record: RunRecord, stage: StageRecord) -> bool:
        """Whether there is nothing to publish again: all of it was, or it was tried too often, or the time is up."""
        if stage.dispatches >= joining.MAX_DISPATCHES or self.clock() >= stage.deadline_at:
            return True
        return self.joins.published(record, stage.name)

    def _look_later(self, record: RunRecord) -> None:
        self._write_quietly(runs.look_later(record, self.clock()))

    def _write_quietly(self, record: RunRecord) -> None:
        try:
            self.store.replace(record)
        except Conflict:
            log.info("run_moved_meanwhile", extra={"action": "run_moved_meanwhile", "run_id": record.run_id})

    def _leave(self, before: RunRecord, written: RunRecord) -> None:
        """Close the joins of stages that the run has left; one whose stragglers may still amend the report stays."""
        left = before.stage
        if left is None or before.status.terminal:
            return
        after = next((stage for stage in written.stages if stage.name == left.name), None)
        going_on = after is not None and after.joined_at is None and not written.status.terminal
        if not going_on and left.name not in self._amendable(written):
            self.joins.close(before, left.name)

    def _amendable(self, record: RunRecord) -> list[str]:
        """Joined stages whose stragglers would still be welcome."""
        flow = self.flows.get(record.flow)
        if flow is None or not flow.amend_s or record.attempt > 1:
            return []
        return [stage.name for stage in record.stages if joining.stragglers(stage)]

    def _ended(self, written: RunRecord) -> None:
        if written.callback is not None:
            self.messenger.deliver(written)
        if written.status is RunStatus.PARTIAL:
            # A straggler may have come in between its stage's join and now.
            for stage in self._amendable(written):
                self.messenger.look(written, stage)

    def _after_the_end(self, record: RunRecord) -> bool:
        """A delivery that was due has not been reported, or the run is to be looked through for what it left.

        Whether the callback was sent again.
        """
        if tracing.untold(record):
            try:
                record = self.store.replace(tracing.settled(record))
            except Conflict:
                return False
            tracing.late(record)
        if not self.keeping.owes(record):
            self.keeping.look_through(record, self.clock())
            return False
        with tracing.acting():
            if not self.keeping.deliver_later(record, self.clock()):
                return False
            self.messenger.deliver(record)
        return True

    def _log(self, record: RunRecord) -> None:
        stage = record.stage
        took = (record.ended_at - record.since).total_seconds() if record.ended_at else None
        # Why a run was cancelled is told in the words of whoever asked; why it failed, in our own.
        reason = None if record.status is RunStatus.CANCELLED else record.reason or None
        log.info(
            "run_moved",
            extra={
                "action": "run_moved", "run_id": record.run_id, "tenant": record.tenant, "status": record.status.value,
                "attempt": record.attempt, "stage": stage.name if stage else None,
                "dispatches": stage.dispatches if stage else None, "reason": reason, "seconds": took,
            },
        )  # fmt: skip
