"""Turn a stage into a chord and publish it, and see to it that the stage is looked at when its time is up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from kombu.exceptions import OperationalError

from millrace.contracts.base import now
from millrace.contracts.flow import Flow
from millrace.contracts.messages import FanOut, part_id
from millrace.contracts.run import RunRecord, StageRecord
from millrace.orchestrator import canvas
from millrace.orchestrator.adapters import Messenger, Timer
from millrace.orchestrator.domain.plan import parts
from millrace.orchestrator.tracing import queued_s
from millrace.storage.ports import RunStore
from millrace.telemetry.logs import get_logger
from millrace.worker.crash import point
from millrace.worker.join.backend import CONF_KEY
from millrace.worker.join.batching import BatchingCelery
from millrace.worker.join.errors import JoinUnavailable
from millrace.worker.join.store import JoinStore

log = get_logger(__name__)

AFTER_S = 0.02
"""So much after a stage's deadline it is looked at: not before it by a rounding."""


@dataclass(frozen=True, kw_only=True)
class Distributor:
    """Publishes what the run record says, so a repeated message publishes the same parts."""

    app: BatchingCelery
    store: RunStore
    flows: dict[str, Flow]
    messenger: Messenger
    timer: Timer
    clock: Callable[[], datetime] = field(default=now)

    def fan_out(self, message: FanOut) -> None:
        """Publish the stage's parts, or some of them again. A stage that the run has left is not published."""
        record = self.store.get(message.tenant, message.run_id)
        stage = record.stage
        if stage is None or stage.name != message.stage or stage.joined_at or record.status.terminal:
            return
        planned = list(parts(self.flows[record.flow], record, self.clock(), queued_s()))
        point("fan_out_begun")
        if message.only is None:
            canvas.publish_stage(self.app, record, stage, planned)
        else:
            wanted = set(message.only)
            planned = [each for each in planned if part_id(each[1].step, each[1].part) in wanted]
            canvas.publish_again(self.app, record, stage, planned)
        self._watch(record, stage)
        point("fan_out_done")
        log.info(
            "stage_published",
            extra={"action": "stage_published", "run_id": record.run_id, "stage": stage.name, "parts": len(planned)},
        )

    def _watch(self, record: RunRecord, stage: StageRecord) -> None:
        """The timer lives in this process: if that dies, the sweep looks within its second."""
        wait = (stage.deadline_at - self.clock()).total_seconds()
        self.timer.later(max(0.0, wait) + AFTER_S, lambda: self._time_is_up(record, stage))

    def _time_is_up(self, record: RunRecord, stage: StageRecord) -> None:
        joins: JoinStore = self.app.conf[CONF_KEY]
        try:
            joined = joins.closed(canvas.join_key(record.tenant, record.run_id, record.attempt, stage.name))
        except JoinUnavailable:
            joined = False
        if joined:
            return
        try:
            self.messenger.look(record, stage.name)
        except OperationalError as error:
            # The sweep looks within its second.
            log.warning(
                "look_not_published",
                extra={"action": "look_not_published", "run_id": record.run_id, "error": type(error).__name__},
            )
