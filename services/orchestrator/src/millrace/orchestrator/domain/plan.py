"""Pure planning: from the run record and the flow to the next stage's parts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.catalogue import TaskSpec, task
from millrace.contracts.flow import ANY_STEP, BATCH, Flow, Stage, Step
from millrace.contracts.messages import PartMessage
from millrace.contracts.outcome import OutcomeStatus, Reason
from millrace.contracts.run import RunContext, RunRecord, StageRecord, StepContext, StepRecord

RUN_FIELD = "run"
MIN_BUDGET_SHARE = 0.5
"""A late run still gives each stage this share of its budget, so that it ends with a result."""
ALLOWANCE_SHARE = 0.7
"""Share of a stage's time that its parts may use; the rest goes to queues and the join."""
LATE = timedelta(seconds=30)
"""How long after its run's deadline a required part is still worth doing."""

Refs = tuple[ArtifactRef, ...]


def next_stage(flow: Flow, record: RunRecord) -> Stage | None:
    """The stage after the last one that began; None when all have."""
    begun = len(record.stages)
    return flow.stages[begun] if begun < len(flow.stages) else None


def begin(flow: Flow, record: RunRecord, stage: Stage, at: datetime) -> StageRecord:
    """The stage's record: which steps run with how many parts, which are skipped, and until when."""
    steps = tuple(_begin_step(record, step) for step in stage.steps)
    return StageRecord(name=stage.name, started_at=at, deadline_at=stage_deadline(flow, record, stage, at), steps=steps)


def stage_deadline(flow: Flow, record: RunRecord, stage: Stage, at: datetime) -> datetime:
    """A stage may run until its planned end, counted from acceptance, and never less than a share of its budget."""
    through = flow.stages[: flow.index(stage.name) + 1]
    scale = (record.deadline_at - record.accepted_at).total_seconds() / flow.deadline_s
    planned = record.accepted_at + timedelta(seconds=scale * sum(each.budget_s for each in through))
    return max(planned, at + timedelta(seconds=scale * stage.budget_s * MIN_BUDGET_SHARE))


def _begin_step(record: RunRecord, step: Step) -> StepRecord:
    spec = task(step.task)
    begun = StepRecord(
        name=step.name, task=step.task, task_version=spec.version, required=step.join == "required", planned=0
    )
    lacking = _lacking(record, step, spec)
    if lacking:
        reason = Reason(code="input_missing", detail=", ".join(lacking))
        return begun.model_copy(update={"status": OutcomeStatus.SKIPPED, "reason": reason})
    return begun.model_copy(update={"planned": len(_shares(record, step))})


def _lacking(record: RunRecord, step: Step, spec: TaskSpec[Any]) -> list[str]:
    """Inputs that the task cannot do without and that nobody delivered."""
    fields = spec.input.model_fields
    return [name for name, source in step.inputs.items() if fields[name].is_required() and not find(record, source)]


def find(record: RunRecord, source: str) -> Refs:
    """The artifacts that a flow's source names, as far as the run has them."""
    if source == BATCH:
        return (record.batch,)
    producer, _, output = source.partition(".")
    steps = (step for stage in record.stages for step in stage.steps if producer in (ANY_STEP, step.name))
    return tuple(ref for step in steps for ref in step.artifacts.get(output, ()))


def _shares(record: RunRecord, step: Step) -> list[dict[str, Refs]]:
    """The inputs of each of the step's parts."""
    inputs = {name: find(record, source) for name, source in step.inputs.items()}
    if step.each is None:
        return [inputs]
    return [inputs | {step.each: (ref,)} for ref in inputs[step.each]]


def parts(flow: Flow, record: RunRecord, at: datetime) -> Iterator[tuple[TaskSpec[Any], PartMessage]]:
    """Every part of the run's current stage, in the order of the flow. The same record gives the same parts."""
    current = record.stage
    if current is None:
        return
    planned = {step.name for step in current.steps if step.planned}
    for step in flow.stages[flow.index(current.name)].steps:
        if step.name in planned:
            yield from _step_parts(record, current, step, at)


def _step_parts(
    record: RunRecord, current: StageRecord, step: Step, at: datetime
) -> Iterator[tuple[TaskSpec[Any], PartMessage]]:
    spec = task(step.task)
    shares = _shares(record, step)
    params = dict(step.params)
    if RUN_FIELD in spec.input.model_fields:
        params[RUN_FIELD] = run_context(record).model_dump(mode="json")
    left = (current.deadline_at - at).total_seconds() * ALLOWANCE_SHARE
    # The stage is not joined without a required part, so being late is no reason to refuse it.
    until = current.deadline_at if step.join == "optional" else max(current.deadline_at, record.deadline_at) + LATE
    for number, inputs in enumerate(shares):
        yield spec, PartMessage(
            tenant=record.tenant, run_id=record.run_id, attempt=record.attempt, traceparent=record.traceparent,
            stage=current.name, step=step.name, part=number, parts=len(shares), deadline_at=record.deadline_at,
            stage_deadline_at=until, allowance_s=max(0.05, left / ceil(len(shares) / step.lanes)),
            published_at=at, inputs=inputs, params=params,
        )  # fmt: skip


def run_context(record: RunRecord) -> RunContext:
    """What a step may know of its run."""
    return RunContext(
        run_id=record.run_id, tenant=record.tenant, flow=record.flow, flow_version=record.flow_version,
        attempt=record.attempt, records=record.records, accepted_at=record.accepted_at,
        batch_sha256=record.batch.sha256, gaps=record.gaps,
        steps=tuple(_step_context(stage, step) for stage in record.stages for step in stage.steps if step.status),
    )  # fmt: skip


def _step_context(stage: StageRecord, step: StepRecord) -> StepContext:
    spans = [(part.started_at, part.ended_at) for part in step.parts if part.started_at and part.ended_at]
    seconds = max((end for _, end in spans), default=None), min((start for start, _ in spans), default=None)
    took = (seconds[0] - seconds[1]).total_seconds() if seconds[0] and seconds[1] else 0.0
    return StepContext(
        stage=stage.name, step=step.name, status=step.status or OutcomeStatus.SKIPPED, parts=step.planned,
        coverage=step.coverage, seconds=round(took, 3), facts=step.facts,
    )  # fmt: skip
