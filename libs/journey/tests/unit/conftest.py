"""A run of three stages in which every moment is known, and of which any may be put off."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from millrace.contracts.ids import run_id_at
from millrace.contracts.outcome import OutcomeStatus, Reason
from millrace.contracts.run import (
    CallbackRecord,
    CallbackStatus,
    PartRecord,
    RunRecord,
    RunStatus,
    StageRecord,
    StepRecord,
)
from millrace.testing.factories import START, callback_record, run_record

TASKS = {
    "datasets": {"ratings": ("dataset.customers.ratings", 1)},
    "annotate": {"annotate": ("nlp.annotate", 3), "kpis": ("analytics.kpis", 1)},
    "report": {"report": ("analytics.report", 1)},
}
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


class Run:
    """Builds a record; `slow` says what takes how many seconds more: `(what, step or stage, part)`."""

    def __init__(self, **slow: float) -> None:
        self.slow = slow

    def more(self, *names: object) -> float:
        return self.slow.get("_".join(str(name) for name in names if name != ""), 0.0)

    def part(self, stage: StageRecord, step: str, number: int) -> PartRecord:
        at = stage.started_at + s(0.03)
        sent = at + s(self.more("retry", step, number))
        start = self.more("start", step, number)
        forked = sent + s(self.more("late", step, number)) if start else START - s(61)
        ready = forked + s(start) if start else START - s(60)
        began = max(sent, ready) + s(0.02 + self.more("queue", step, number) + self.more("again", step, number))
        read, write = 0.02 + self.more("read", step, number), 0.01 + self.more("write", step, number)
        compute = 0.4 + self.more("compute", step, number) + self.more("inside", step, number)
        return PartRecord(
            part=number, status=OutcomeStatus.SUCCEEDED, published_at=at, sent_at=sent, ready_at=ready,
            forked_at=forked,
            started_at=began, ended_at=began + s(read + compute + write), read_s=read, write_s=write,
            cpu_s=compute - self.more("inside", step, number), dispatch_queued_s=0.01,
            deliveries=2 if self.more("again", step, number) else 1,
            retries=2 if self.more("retry", step, number) else 0,
        )  # fmt: skip

    def stage(self, name: str, began: datetime) -> StageRecord:
        stage = StageRecord(name=name, started_at=began, deadline_at=began + s(30), queued_s=0.01)
        steps = tuple(
            StepRecord(
                name=step, task=task, task_version=1, required=False, planned=parts, status=OutcomeStatus.SUCCEEDED,
                parts=tuple(self.part(stage, step, number) for number in range(parts)),
            )
            for step, (task, parts) in TASKS[name].items()
        )  # fmt: skip
        last = max(part.ended_at for step in steps for part in step.parts if part.ended_at)
        queued = 0.02 + self.more("joinqueue", name)
        joined = last + s(0.01 + queued + self.more("join", name))
        return stage.model_copy(update={"steps": steps, "joined_at": joined, "join_queued_s": queued})

    def record(self, number: int = 0, **changes: Any) -> RunRecord:
        accepted = START + s(0.05 + self.more("accept"))
        began = accepted + s(0.03 + self.more("begin"))
        stages = []
        for name in TASKS:
            stages.append(self.stage(name, began))
            began = stages[-1].joined_at
        given: dict[str, Any] = {
            "run_id": run_id_at(START + s(number)), "received_at": START, "accepted_at": accepted,
            "status": RunStatus.COMPLETED, "stages": tuple(stages), "ended_at": began, "due_at": None,
            "traceparent": TRACE, "flow_version": 1, "records": 1000,
        }  # fmt: skip
        record = run_record(**(given | changes))
        return (
            record.model_copy(update={"callback": self.callback(record, began)})
            if "callback" not in changes
            else record
        )

    def callback(self, record: RunRecord, ended: datetime) -> CallbackRecord:
        queued, answer, tries = 0.02 + self.more("callback"), 0.05 + self.more("answer"), self.more("tries")
        began = ended + s(0.03 + queued + tries)
        return callback_record(
            record.run_id, status=CallbackStatus.DELIVERED, deliveries=3 if tries else 1, began_at=began,
            queued_s=queued, answer_s=answer, delivered_at=began + s(answer), last_status=500 if tries else 200,
        )  # fmt: skip


def late(part: int) -> PartRecord:
    return PartRecord(part=part, status=OutcomeStatus.TIMED_OUT, reason=Reason(code="deadline_passed"))


@pytest.fixture
def normals() -> list[RunRecord]:
    """Five ordinary runs."""
    return [Run(compute_annotate_1=0.01 * number).record(number + 1) for number in range(5)]
