"""What others may see of a run record."""

from millrace.contracts.api import AttemptView, CallbackView, RunView, StageView, StepView
from millrace.contracts.run import AttemptRecord, CallbackRecord, RunRecord, StageRecord, StepRecord

Attempt = RunRecord | AttemptRecord
"""One attempt: the record is the present one."""


def attempts(record: RunRecord) -> tuple[Attempt, ...]:
    """Every attempt of the run, oldest first."""
    return (*record.history, record)


def settled(record: RunRecord) -> Attempt:
    """Whose end is told: the attempt that ended last while a newer one is at work, else the record itself."""
    return record.history[-1] if record.history and not record.status.terminal else record


def run_view(record: RunRecord, pending: tuple[str, ...] = ()) -> RunView:
    """The record as its producer may see it; `pending` names the stages still to come."""
    shown = settled(record)
    began = shown.since if isinstance(shown, RunRecord) else shown.began_at
    links = {"self": _place(record.run_id)}
    if shown.report is not None:
        links["report"] = f"{_place(record.run_id)}/report"
    stages = (*map(_stage_view, record.stages), *(StageView(name=name, status="pending") for name in pending))
    return RunView(
        run_id=record.run_id, flow=record.flow, status=shown.status, attempt=record.attempt, records=record.records,
        accepted_at=record.accepted_at, deadline_at=record.deadline_at, ended_at=shown.ended_at,
        seconds=(shown.ended_at - began).total_seconds() if shown.ended_at else None, stages=stages, gaps=shown.gaps,
        reason=shown.reason, metadata=record.metadata, callback=_callback_view(record.callback),
        attempts=tuple(_attempt_view(record.run_id, each) for each in attempts(record)),
        redriving=shown is not record, asked=record.pending.what if record.pending else None, links=links,
    )  # fmt: skip


def _place(run_id: str) -> str:
    return f"/v1/runs/{run_id}"


def _attempt_view(run_id: str, given: Attempt) -> AttemptView:
    began = given.since if isinstance(given, RunRecord) else given.began_at
    report = f"{_place(run_id)}/report?attempt={given.attempt}" if given.report is not None else None
    return AttemptView(
        number=given.attempt, status=given.status, began_at=began, ended_at=given.ended_at, reason=given.reason,
        gaps=given.gaps, report=report, callback=_callback_view(given.callback),
    )  # fmt: skip


def _stage_view(stage: StageRecord) -> StageView:
    joined = stage.joined_at is not None
    return StageView(
        name=stage.name, status="joined" if joined else "running", started_at=stage.started_at,
        joined_at=stage.joined_at, steps=tuple(_step_view(step, joined) for step in stage.steps),
    )  # fmt: skip


def _step_view(step: StepRecord, joined: bool) -> StepView:
    status = step.status.value if step.status else ("skipped" if joined else "running")
    return StepView(
        name=step.name, task=step.task, required=step.required, status=status, parts=step.planned,
        parts_done=len(step.parts), coverage=step.coverage, reason=step.reason.code if step.reason else "",
        facts=step.facts, reused_from=step.reused_from,
    )  # fmt: skip


def _callback_view(callback: CallbackRecord | None) -> CallbackView | None:
    if callback is None:
        return None
    return CallbackView(
        event_id=callback.event_id, endpoint_id=callback.endpoint_id, status=callback.status,
        deliveries=callback.deliveries, last_status=callback.last_status, last_error=callback.last_error,
        delivered_at=callback.delivered_at,
    )  # fmt: skip
