"""Pure planning: from the run record and the flow to the next stage's parts."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.catalogue import TaskSpec, task
from millrace.contracts.flow import ANY_STEP, BATCH, Flow, Stage, Step
from millrace.contracts.messages import PartMessage, Slice
from millrace.contracts.outcome import OutcomeStatus, Reason
from millrace.contracts.run import RunContext, RunRecord, StageRecord, StepContext, StepRecord

RUN_FIELD = "run"
MIN_BUDGET_SHARE = 0.5
"""A late run still gives each stage this share of its budget, so that it ends with a result."""
ALLOWANCE_SHARE = 0.7
"""Share of a stage's time that its parts may use; the rest goes to queues and the join."""
LATE = timedelta(seconds=30)
"""How long after its run's deadline a required part is still worth doing."""
MAX_DEATHS = 3
"""How many workers a part may take with it before it is quarantined."""
DIVISIONS = 8

Refs = tuple[ArtifactRef, ...]


def next_stage(flow: Flow, record: RunRecord) -> Stage | None:
    """The stage after the last one that began; None when all have."""
    begun = len(record.stages)
    return flow.stages[begun] if begun < len(flow.stages) else None


def second_chance(
    flow: Flow, record: RunRecord, current: StageRecord, at: datetime, empty_handed: bool
) -> frozenset[str]:
    """Steps of the stage that are worth another try although the run can do without each of them: later steps work on
    what they write, and either there is time for it, or the run is `empty_handed` and better late than without any
    result.
    """
    if not (empty_handed or _time_for_another(flow, record, current, at)):
        return frozenset()
    later = flow.stages[flow.index(current.name) + 1 :]
    sources = {source for stage in later for step in stage.steps for source in step.inputs.values()}
    fed = {source.partition(".")[0] for source in sources}
    return frozenset(step.name for step in current.steps if step.name in fed)


def _time_for_another(flow: Flow, record: RunRecord, current: StageRecord, at: datetime) -> bool:
    """Whether the stage and everything that follows would still have half of their budgets."""
    scale = (record.deadline_at - record.since).total_seconds() / flow.deadline_s
    half = MIN_BUDGET_SHARE * sum(stage.budget_s for stage in flow.stages[flow.index(current.name) :])
    return at + timedelta(seconds=scale * (half + flow.reserve_s)) <= record.deadline_at


def begin(flow: Flow, record: RunRecord, stage: Stage, at: datetime, queued_s: float = 0.0) -> StageRecord:
    """The stage's record: which steps run with how many parts, which are skipped, and until when.

    `queued_s`: how long the message waited in its queue that began the stage.
    """
    steps = tuple(_begin_step(record, step) for step in stage.steps)
    return StageRecord(
        name=stage.name, started_at=at, deadline_at=stage_deadline(flow, record, stage, at), steps=steps,
        queued_s=queued_s,
    )  # fmt: skip


def stage_deadline(flow: Flow, record: RunRecord, stage: Stage, at: datetime) -> datetime:
    """A stage may run until its planned end, counted from the attempt's begin, and never less than a share of its
    budget.
    """
    through = flow.stages[: flow.index(stage.name) + 1]
    scale = (record.deadline_at - record.since).total_seconds() / flow.deadline_s
    planned = record.since + timedelta(seconds=scale * sum(each.budget_s for each in through))
    return max(planned, at + timedelta(seconds=scale * stage.budget_s * MIN_BUDGET_SHARE))


def _begin_step(record: RunRecord, step: Step) -> StepRecord:
    spec = task(step.task)
    begun = StepRecord(
        name=step.name, task=step.task, task_version=spec.version, required=step.required, planned=0,
        best_effort=step.join == "by_deadline", input_hash=_input_hash(record, step, spec),
    )  # fmt: skip
    lacking = _lacking(record, step, spec)
    if lacking:
        reason = Reason(code="input_missing", detail=", ".join(lacking))
        return begun.model_copy(update={"status": OutcomeStatus.SKIPPED, "reason": reason})
    planned = len(_shares(record, step))
    needed = step.needed(planned)
    begun = begun.model_copy(update={"planned": planned, "needed": needed if needed < planned else None})
    return next((each for each in record.reusable if _same_work(each, begun)), begun)


def _same_work(known: StepRecord, begun: StepRecord) -> bool:
    """Whether a step's end from before stands: the same step, code version, params and inputs."""
    return known.name == begun.name and known.input_hash == begun.input_hash != ""


def _input_hash(record: RunRecord, step: Step, spec: TaskSpec[Any]) -> str:
    """Digest of what decides the step's outputs; empty for a step that is told of its run, which is never the same."""
    if RUN_FIELD in spec.input.model_fields:
        return ""
    inputs = {name: [ref.sha256 for ref in find(record, source)] for name, source in sorted(step.inputs.items())}
    text = repr((spec.name, spec.version, sorted(step.params.items()), inputs))
    # Only steps of one name in one run are compared, and every byte of a record is billed with each of its writes.
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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


def parts(
    flow: Flow, record: RunRecord, at: datetime, queued_s: float = 0.0
) -> Iterator[tuple[TaskSpec[Any], PartMessage]]:
    """Every part of the run's current stage, in the order of the flow. The same record gives the same parts.

    `queued_s`: how long the message waited in its queue that has them published.
    """
    current = record.stage
    if current is None:
        return
    running = {step.name: step for step in current.steps if step.status is None}
    for step in flow.stages[flow.index(current.name)].steps:
        if step.name in running:
            for spec, message in _step_parts(record, current, step, running[step.name], at):
                yield spec, message.model_copy(update={"dispatch_queued_s": queued_s})


def _step_parts(
    record: RunRecord, current: StageRecord, step: Step, begun: StepRecord, at: datetime
) -> Iterator[tuple[TaskSpec[Any], PartMessage]]:
    spec = task(step.task)
    shares = _shares(record, step)
    params = dict(step.params)
    if RUN_FIELD in spec.input.model_fields:
        params[RUN_FIELD] = run_context(record).model_dump(mode="json")
    left = (current.deadline_at - at).total_seconds() * ALLOWANCE_SHARE
    # The stage is not joined without a required part, so being late is no reason to refuse it.
    until = max(current.deadline_at, record.deadline_at) + LATE if step.required else current.deadline_at
    for number, rows in _numbered(len(shares), begun):
        yield spec, PartMessage(
            **record.head | {"traceparent": record.span_of(current)},
            stage=current.name, step=step.name, part=number, parts=begun.planned, deadline_at=record.deadline_at,
            stage_deadline_at=until, allowance_s=max(0.05, left / ceil(len(shares) / step.lanes)),
            published_at=at, inputs=shares[rows.chunk if rows else number], params=params, mapped=step.each,
            slice=rows, patience=_patience(rows),
        )  # fmt: skip


def _numbered(chunks: int, begun: StepRecord) -> Iterator[tuple[int, Slice | None]]:
    """The step's part numbers and, for those that a division made, their rows."""
    for number in range(begun.planned):
        if number not in begun.divided:
            yield number, begun.slices[number - chunks] if number >= chunks else None


def _patience(rows: Slice | None) -> int:
    """How many deaths a part may cause. A divided one is under suspicion already; a single row must be sure."""
    if rows is None:
        return MAX_DEATHS
    return 1 if rows.rows > 1 else 2


def divide(record: RunRecord, step: Step, begun: StepRecord, part: int) -> tuple[Slice, ...]:
    """The rows of a part that killed its workers, as so many smaller parts; none when it cannot be divided.

    In eighths rather than halves: three rounds find one row in five hundred, and each round costs a worker's child.
    """
    chunks = find(record, step.inputs[step.each]) if step.each else ()
    if part < len(chunks):
        rows = Slice(chunk=part, start=0, stop=chunks[part].rows or 1)
    elif part < begun.planned and step.each:
        rows = begun.slices[part - len(chunks)]
    else:
        return ()
    if rows.rows == 1 and part >= len(chunks):
        return ()
    size = ceil(rows.rows / DIVISIONS)
    starts = range(rows.start, rows.stop, size)
    return tuple(Slice(chunk=rows.chunk, start=start, stop=min(start + size, rows.stop)) for start in starts)


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
        busy_s=round(sum((end - start).total_seconds() for start, end in spans), 3),
        objects=sum(ref.tier == "cold" for refs in step.artifacts.values() for ref in refs),
    )  # fmt: skip
