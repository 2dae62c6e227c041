"""The run's state machine: pure transitions of the run record. Terminal states never change."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from millrace.contracts.events import events
from millrace.contracts.flow import Flow
from millrace.contracts.ids import event_id
from millrace.contracts.messages import FROM_FAILED, Slice, part_id
from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import TIDY_AFTER as TIDY_AFTER
from millrace.contracts.run import (
    AttemptRecord,
    CallbackRecord,
    CallbackStatus,
    RunRecord,
    RunStatus,
    StageRecord,
    StepRecord,
    Tried,
)
from millrace.orchestrator.domain import joining, plan

LOOK = timedelta(seconds=1.5)
"""How often the sweep looks at a stage that runs: what was never published, or lost with Redis, is seen by then."""
JOIN_GRACE = timedelta(milliseconds=300)
"""How long after a stage's deadline its own parts and the distributor's timer may still win over the sweep."""
LAST_WAIT = timedelta(seconds=12)
"""How long parts without which the run fails are waited for after their last dispatch: about what a worker with
scientific libraries takes to start."""
CALLBACK_GRACE = timedelta(seconds=9)
"""How long a delivery may take before the sweep publishes it again; above its task's hard limit less its wait."""
MAX_RECOVERIES = 3


def start_stage(flow: Flow, record: RunRecord, at: datetime, queued_s: float = 0.0) -> RunRecord:
    """The run with its next stage begun. Stages of which every step is skipped or stands are joined at once.

    A run whose stages are used up ends. `queued_s`: how long the message waited in its queue that begins the stage; 0
    for a stage that follows another, which knows how long the message waited that had it joined.
    """
    stage = plan.next_stage(flow, record)
    if stage is None:
        return finish(flow, record, at)
    begun = plan.begin(flow, record, stage, at, queued_s)
    moved = record.model_copy(update={"status": RunStatus.RUNNING, "stages": (*record.stages, begun)})
    return look_later(moved, at) if joining.expected(begun) else join_stage(flow, moved, {}, at)


def look_later(record: RunRecord, at: datetime) -> RunRecord:
    """The run with the time of the sweep's next look at its stage."""
    return record.model_copy(update={"due_at": min(_current(record).deadline_at + JOIN_GRACE, at + LOOK)})


def join_stage(
    flow: Flow, record: RunRecord, outcomes: joining.Outcomes, at: datetime, queued_s: float = 0.0
) -> RunRecord:
    """The run with its current stage joined and what follows: the next stage, or the end.

    `queued_s`: how long the message waited in its queue that has it joined.
    """
    joined = joining.join(_current(record), outcomes, at, queued_s)
    gaps = (*record.gaps, *joining.gaps(flow, joined))
    moved = record.model_copy(update={"stages": (*record.stages[:-1], joined), "gaps": gaps})
    if any(step.status is not OutcomeStatus.SUCCEEDED and step.planned for step in joined.steps):
        moved = _untidy(moved)
    lost = joining.hopeless(moved)
    return fail(moved, lost, at) if lost else start_stage(flow, moved, at)


def dispatch_again(
    flow: Flow, record: RunRecord, at: datetime, vital: bool = False, tried: tuple[Tried, ...] = ()
) -> RunRecord:
    """The run with its stage's clock set anew, for parts that were lost, or that ended and were `tried` in vain.

    `vital`: without them the run fails. After their last dispatch they are waited for longer: they may stand in the
    queue of a service that is just coming back, and nothing better can be done than to wait.
    """
    current = _current(record)
    deadline = plan.stage_deadline(flow, record, flow.stages[flow.index(current.name)], at)
    if vital and current.dispatches + 1 >= joining.MAX_DISPATCHES:
        deadline = max(deadline, at + LAST_WAIT)
    changes = {"dispatches": current.dispatches + 1, "deadline_at": deadline, "tried": tried or current.tried}
    again = current.model_copy(update=changes)
    return look_later(_untidy(record.model_copy(update={"stages": (*record.stages[:-1], again)})), at)


def divide(
    flow: Flow, record: RunRecord, parts: Sequence[tuple[StepRecord, int]], at: datetime
) -> tuple[RunRecord, tuple[str, ...]]:
    """The run with these parts divided into smaller ones, and the ids of those; no ids when none can be divided."""
    current = _current(record)
    steps = {step.name: step for step in current.steps}
    defined = {step.name: step for step in flow.steps()}
    added: list[str] = []
    for step, number in parts:
        begun = steps[step.name]
        slices = plan.divide(record, defined[step.name], begun, number)
        if slices:
            added += [part_id(step.name, begun.planned + offset) for offset in range(len(slices))]
            steps[step.name] = _divided(begun, number, slices)
    stage = current.model_copy(update={"steps": tuple(steps.values())})
    return look_later(_untidy(record.model_copy(update={"stages": (*record.stages[:-1], stage)})), at), tuple(added)


def _divided(step: StepRecord, number: int, slices: tuple[Slice, ...]) -> StepRecord:
    return step.model_copy(
        update={
            "planned": step.planned + len(slices),
            "slices": (*step.slices, *slices),
            "divided": (*step.divided, number),
        }
    )


def recover(flow: Flow, record: RunRecord, lost: Collection[str], at: datetime, queued_s: float = 0.0) -> RunRecord:
    """The run back in the first stage whose artifacts were lost; what is still there is not done again.

    `lost`: names of steps.
    """
    first = min(number for number, stage in enumerate(record.stages) for step in stage.steps if step.name in lost)
    dropped = [step for stage in record.stages[first:] for step in stage.steps]
    names = {step.name for step in dropped}
    back = record.model_copy(
        update={
            "stages": record.stages[:first],
            "gaps": tuple(gap for gap in record.gaps if gap.step not in names),
            "reusable": (*_standing(dropped, lost), *(step for step in record.reusable if step.name not in names)),
            "recoveries": record.recoveries + 1,
            "recovered_at": at,
            "kept": first,
            "told": events(record),
        }
    )
    return start_stage(flow, _untidy(back), at, queued_s)


def redrive(
    flow: Flow, record: RunRecord, start: str, lost: Collection[str], at: datetime, queued_s: float = 0.0
) -> RunRecord:
    """A new attempt of an ended run: what succeeded stands, unless it is asked for again or its artifacts are lost."""
    steps = [step for stage in record.stages for step in stage.steps]
    return _attempt(flow, record, _standing(steps, {*lost, *_asked_for(flow, start)}), at, queued_s)


def amend(flow: Flow, record: RunRecord, late: Sequence[StepRecord], at: datetime, queued_s: float = 0.0) -> RunRecord:
    """A new attempt of a partial run, in which these steps, which were late, stand."""
    names = {step.name for step in late}
    steps = [step for stage in record.stages for step in stage.steps]
    standing = (*_standing(steps, names), *(_standing(late, ())))
    return _attempt(flow, record, standing, at, queued_s)


def _attempt(flow: Flow, record: RunRecord, standing: Sequence[StepRecord], at: datetime, queued_s: float) -> RunRecord:
    stand = tuple(step.model_copy(update={"reused_from": step.reused_from or record.attempt}) for step in standing)
    begun = record.model_copy(
        update={
            "attempt": record.attempt + 1,
            "history": (*record.history, _ended_attempt(record)),
            "began_at": at,
            "deadline_at": at + (record.deadline_at - record.since),
            "stages": (),
            "gaps": (),
            "reusable": stand,
            "recoveries": 0,
            "recovered_at": None,
            "kept": 0,
            "told": events(record),
            "report": None,
            "reason": "",
            "ended_at": None,
            "callback": _amendment(record),
        }
    )
    return start_stage(flow, _untidy(begun), at, queued_s)


def _standing(steps: Sequence[StepRecord], without: Collection[str]) -> tuple[StepRecord, ...]:
    """Ends of steps that need not run again as long as their inputs are the same."""
    good = (step for step in steps if step.status is OutcomeStatus.SUCCEEDED and step.input_hash)
    return tuple(step for step in good if step.name not in without)


def _asked_for(flow: Flow, start: str) -> set[str]:
    """Steps that are to run whatever they delivered: a stage and all after it, or one step."""
    if start == FROM_FAILED:
        return set()
    names = [stage.name for stage in flow.stages]
    if start in names:
        return {step.name for stage in flow.stages[names.index(start) :] for step in stage.steps}
    return {start}


def _ended_attempt(record: RunRecord) -> AttemptRecord:
    if record.ended_at is None:
        raise ValueError(f"{record.run_id} has not ended")
    callback = record.callback
    if callback is not None and callback.status is CallbackStatus.PENDING:
        callback = callback.model_copy(update={"status": CallbackStatus.SUPERSEDED})
    return AttemptRecord(
        attempt=record.attempt, status=record.status, began_at=record.since, ended_at=record.ended_at,
        reason=record.reason, gaps=record.gaps, report=record.report, callback=callback,
    )  # fmt: skip


def _amendment(record: RunRecord) -> CallbackRecord | None:
    if record.callback is None:
        return None
    event = event_id(record.run_id, record.attempt)
    return CallbackRecord(url=record.callback.url, event_id=event, endpoint_id=record.callback.endpoint_id)


def finish(flow: Flow, record: RunRecord, at: datetime) -> RunRecord:
    """The run's good end: completed, or partial when something is missing from its report."""
    report = plan.find(record, flow.report)
    if not report:
        return fail(record, "no report", at)
    status = RunStatus.PARTIAL if record.gaps else RunStatus.COMPLETED
    return _end(record.model_copy(update={"status": status, "report": report[0]}), at)


def fail(record: RunRecord, reason: str, at: datetime) -> RunRecord:
    """The run's bad end, with its reason."""
    return _end(_untidy(record.model_copy(update={"status": RunStatus.FAILED, "reason": reason})), at)


def cancel(record: RunRecord, reason: str, at: datetime) -> RunRecord:
    """The run's end because somebody asked for it."""
    changes = {"status": RunStatus.CANCELLED, "reason": reason or "cancelled on request"}
    return _end(_untidy(record.model_copy(update=changes)), at)


def _end(record: RunRecord, at: datetime) -> RunRecord:
    owed = record.callback is not None and record.callback.status is CallbackStatus.PENDING
    tidy = at + TIDY_AFTER if record.tidy_at else None
    due = at + CALLBACK_GRACE if owed else tidy
    return record.model_copy(update={"ended_at": at, "due_at": due, "tidy_at": tidy, "reusable": ()})


def give_up(record: RunRecord, at: datetime) -> RunRecord:
    """An ended run of which nothing is asked any more, because no release can do it."""
    owed = record.callback is not None and record.callback.status is CallbackStatus.PENDING
    return record.model_copy(update={"asked": None, "due_at": at + CALLBACK_GRACE if owed else record.tidy_at})


def _untidy(record: RunRecord) -> RunRecord:
    """The run may leave objects behind that nobody refers to: it is looked through when it has ended."""
    return record.model_copy(update={"tidy_at": record.deadline_at + TIDY_AFTER})


def _current(record: RunRecord) -> StageRecord:
    if record.stage is None:
        raise ValueError(f"{record.run_id} has no stage")
    return record.stage
