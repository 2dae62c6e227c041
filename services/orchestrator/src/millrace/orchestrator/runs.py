"""The run's state machine: pure transitions of the run record. Terminal states never change."""

from datetime import datetime, timedelta

from millrace.contracts.flow import Flow
from millrace.contracts.run import CallbackStatus, RunRecord, RunStatus, StageRecord
from millrace.orchestrator.domain import joining, plan

JOIN_GRACE = timedelta(milliseconds=300)
"""How long after a stage's deadline its own parts may still win over the sweep."""
CALLBACK_GRACE = timedelta(seconds=9)
"""How long a delivery may take before the sweep publishes it again; above its task's hard limit less its wait."""


def start_stage(flow: Flow, record: RunRecord, at: datetime) -> RunRecord:
    """The run with its next stage begun. Stages of which every step is skipped are joined at once.

    A run whose stages are used up ends.
    """
    stage = plan.next_stage(flow, record)
    if stage is None:
        return finish(flow, record, at)
    begun = plan.begin(flow, record, stage, at)
    moved = record.model_copy(
        update={
            "status": RunStatus.RUNNING,
            "stages": (*record.stages, begun),
            "due_at": begun.deadline_at + JOIN_GRACE,
        }
    )
    return moved if joining.expected(begun) else join_stage(flow, moved, {}, at)


def join_stage(flow: Flow, record: RunRecord, outcomes: joining.Outcomes, at: datetime) -> RunRecord:
    """The run with its current stage joined and what follows: the next stage, or the end."""
    current = _current(record)
    joined = joining.join(current, outcomes, at)
    moved = record.model_copy(
        update={
            "stages": (*record.stages[:-1], joined),
            "gaps": (*record.gaps, *joining.gaps(flow, joined)),
        }
    )
    lost = joining.hopeless(moved)
    return fail(moved, lost, at) if lost else start_stage(flow, moved, at)


def dispatch_again(flow: Flow, record: RunRecord, at: datetime) -> RunRecord:
    """The run with its stage's clock set anew, for parts that were lost."""
    current = _current(record)
    deadline = plan.stage_deadline(flow, record, flow.stages[flow.index(current.name)], at)
    again = current.model_copy(update={"dispatches": current.dispatches + 1, "deadline_at": deadline})
    return record.model_copy(update={"stages": (*record.stages[:-1], again), "due_at": again.deadline_at + JOIN_GRACE})


def finish(flow: Flow, record: RunRecord, at: datetime) -> RunRecord:
    """The run's good end: completed, or partial when something is missing from its report."""
    report = plan.find(record, flow.report)
    if not report:
        return fail(record, "no report", at)
    status = RunStatus.PARTIAL if record.gaps else RunStatus.COMPLETED
    return _end(record.model_copy(update={"status": status, "report": report[0]}), at)


def fail(record: RunRecord, reason: str, at: datetime) -> RunRecord:
    """The run's bad end, with its reason."""
    return _end(record.model_copy(update={"status": RunStatus.FAILED, "reason": reason}), at)


def _end(record: RunRecord, at: datetime) -> RunRecord:
    owed = record.callback is not None and record.callback.status is CallbackStatus.PENDING
    return record.model_copy(update={"ended_at": at, "due_at": at + CALLBACK_GRACE if owed else None})


def _current(record: RunRecord) -> StageRecord:
    if record.stage is None:
        raise ValueError(f"{record.run_id} has no stage")
    return record.stage
