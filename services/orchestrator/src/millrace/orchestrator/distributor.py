"""Turn a stage into a chord and publish it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from celery import Celery

from millrace.contracts.base import now
from millrace.contracts.flow import Flow
from millrace.contracts.messages import FanOut, part_id
from millrace.orchestrator import canvas
from millrace.orchestrator.domain.plan import parts
from millrace.storage.ports import RunStore
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Distributor:
    """Publishes what the run record says, so a repeated message publishes the same parts."""

    app: Celery
    store: RunStore
    flows: dict[str, Flow]
    clock: Callable[[], datetime] = field(default=now)

    def fan_out(self, message: FanOut) -> None:
        """Publish the stage's parts, or some of them again. A stage that the run has left is not published."""
        record = self.store.get(message.tenant, message.run_id)
        stage = record.stage
        if stage is None or stage.name != message.stage or stage.joined_at or record.status.terminal:
            return
        planned = list(parts(self.flows[record.flow], record, self.clock()))
        if message.only is None:
            canvas.publish_stage(self.app, record, stage.name, planned)
        else:
            size, wanted = len(planned), set(message.only)
            planned = [each for each in planned if part_id(each[1].step, each[1].part) in wanted]
            canvas.publish_again(self.app, record, stage.name, planned, size)
        log.info(
            "stage_published",
            extra={"action": "stage_published", "run_id": record.run_id, "stage": stage.name, "parts": len(planned)},
        )
