"""Carry a run on: read the record, decide, write it on condition, publish what follows. In that order.

Whoever is killed between the write and the publish leaves a record that is due, and the sweep publishes again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from millrace.contracts.base import now
from millrace.contracts.errors import UnknownFlow
from millrace.contracts.flow import Flow
from millrace.contracts.messages import Advance
from millrace.contracts.run import CallbackStatus, RunRecord
from millrace.orchestrator import runs
from millrace.orchestrator.adapters import Joins, Messenger
from millrace.orchestrator.domain.joining import Verdict, missing, verdict, worth_a_try
from millrace.storage.errors import Conflict, NotFound
from millrace.storage.ports import Due, RunStore
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

PATIENCE = timedelta(minutes=5)
"""How long past its deadline a run waits for a release that knows its flow, while an old and a new one run together."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The orchestrator's decisions over its ports."""

    store: RunStore
    joins: Joins
    messenger: Messenger
    flows: dict[str, Flow]
    clock: Callable[[], datetime] = field(default=now)

    def advance(self, message: Advance) -> None:
        """Do what a start message or a chord's body asks for. Late and repeated messages do nothing."""
        record = self.store.get(message.tenant, message.run_id)
        if record.status.terminal or record.attempt != message.attempt:
            return
        if message.stage is None:
            if not record.stages:
                self._move(record, runs.start_stage(self._flow(record), record, self.clock()))
        elif record.stage is not None and record.stage.name == message.stage:
            self._look_at_stage(record)
        else:
            self._publish_what_is_owed(record)

    def _publish_what_is_owed(self, record: RunRecord) -> None:
        """A body that comes again: whoever took the first may have died between its write and its publish."""
        stage = record.stage
        if stage is not None and stage.joined_at is None and not self.joins.opened(record, stage.name):
            self.messenger.fan_out(record, stage.name, None)

    def take_over(self, due: Due) -> None:
        """The sweep's turn: carry on a run whose time has come, whoever lost it."""
        try:
            record = self.store.get(due.tenant, due.run_id)
        except NotFound:
            return
        if record.due_at is None or record.due_at > self.clock():
            return
        log.info("run_overdue", extra={"action": "run_overdue", "run_id": record.run_id, "status": record.status})
        if record.status.terminal:
            self._deliver_again(record)
        elif record.flow not in self.flows and self.clock() > record.deadline_at + PATIENCE:
            self._move(record, runs.fail(record, f"no release knows the flow {record.flow}", self.clock()))
        elif record.stages:
            self._look_at_stage(record)
        else:
            self._move(record, runs.start_stage(self._flow(record), record, self.clock()))

    def _look_at_stage(self, record: RunRecord) -> None:
        stage = record.stage
        assert stage is not None  # noqa: S101 - both callers look first
        flow, at = self._flow(record), self.clock()
        outcomes = self.joins.outcomes(record, stage.name)
        match verdict(stage, outcomes, at):
            case Verdict.JOIN:
                self._move(record, runs.join_stage(flow, record, outcomes, at))
            case Verdict.DISPATCH_AGAIN:
                failed = worth_a_try(stage, outcomes)
                self.joins.drop(record, stage.name, failed)
                again = (*missing(stage, outcomes), *failed)
                self._move(record, runs.dispatch_again(flow, record, at), again)
            case Verdict.WAIT:
                return

    def _move(self, before: RunRecord, after: RunRecord, only: tuple[str, ...] | None = None) -> None:
        """Write the record if nobody else did, then publish what follows from it.

        The join of a stage that was left behind is closed last: until then a repeated body finds the record moved on.
        """
        try:
            written = self.store.replace(after)
        except Conflict:
            return
        self._log(written)
        if written.status.terminal:
            self._ended(written)
        elif written.stage is not None:
            self.messenger.fan_out(written, written.stage.name, only)
        joined = before.stage
        if joined is not None and only is None:
            self.joins.close(before, joined.name)

    def _ended(self, written: RunRecord) -> None:
        if written.callback is not None:
            self.messenger.deliver(written)

    def _deliver_again(self, record: RunRecord) -> None:
        """A delivery that was due has not been reported: its message was lost, or its time has come."""
        callback = record.callback
        if callback is None or callback.status is not CallbackStatus.PENDING:
            self.store.replace(record.model_copy(update={"due_at": None}))
            return
        try:
            written = self.store.replace(record.model_copy(update={"due_at": self.clock() + runs.CALLBACK_GRACE}))
        except Conflict:
            return
        self.messenger.deliver(written)

    def _flow(self, record: RunRecord) -> Flow:
        try:
            return self.flows[record.flow]
        except KeyError:
            raise UnknownFlow(f"this release has no flow {record.flow!r}") from None

    def _log(self, record: RunRecord) -> None:
        stage = record.stage
        took = (record.ended_at - record.accepted_at).total_seconds() if record.ended_at else None
        log.info(
            "run_moved",
            extra={
                "action": "run_moved", "run_id": record.run_id, "tenant": record.tenant, "status": record.status.value,
                "stage": stage.name if stage else None, "dispatches": stage.dispatches if stage else None,
                "reason": record.reason or None, "seconds": took,
            },
        )  # fmt: skip
