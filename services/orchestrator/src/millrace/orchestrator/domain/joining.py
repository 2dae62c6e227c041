"""Pure joining: from a stage's outcomes to its steps' ends and the run's gaps."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.flow import Flow
from millrace.contracts.messages import part_id
from millrace.contracts.outcome import (
    INPUT_LOST,
    QUARANTINED,
    SET_ASIDE,
    Coverage,
    Outcome,
    OutcomeStatus,
    Reason,
    Timings,
)
from millrace.contracts.run import Gap, PartRecord, RunRecord, StageRecord, StepRecord, Tried

MAX_DISPATCHES = 3
"""How often the missing parts of a required step are published before the run is given up."""
MAX_TRIED = 20
"""Ends of parts that are kept though they were sent again."""
LATE = "deadline_passed"
"""Reason of a part that was not there when its stage was joined."""

Outcomes = Mapping[str, Outcome]
"""By part id."""


class Verdict(StrEnum):
    """What is to be done with a stage."""

    WAIT = "wait"
    JOIN = "join"
    DISPATCH_AGAIN = "dispatch_again"


def numbers(step: StepRecord) -> list[int]:
    """Numbers of the step's parts that are to end: not those that were divided."""
    return [number for number in range(step.planned) if number not in step.divided]


def ids(step: StepRecord) -> list[str]:
    """Ids of the step's parts that are to end."""
    return [part_id(step.name, number) for number in numbers(step)]


def expected(stage: StageRecord) -> list[str]:
    """Ids of all parts that the stage publishes."""
    return [each for step in stage.steps if step.status is None for each in ids(step)]


def quota(stage: StageRecord) -> int:
    """How many outcomes there have to be before a look at the stage can be worth it."""
    running = [step for step in stage.steps if step.status is None]
    return sum(len(ids(step)) if step.needed is None else step.needed for step in running)


def missing(stage: StageRecord, outcomes: Outcomes) -> list[str]:
    """Ids of parts without an outcome."""
    return [each for each in expected(stage) if each not in outcomes]


def worth_a_try(stage: StageRecord, outcomes: Outcomes, worth: Collection[str] = frozenset()) -> list[str]:
    """Ids of parts whose fault may pass, of steps without which the run fails and of those in `worth`."""
    wanting = [step for step in stage.steps if step.status is None and not _enough(step, outcomes)]
    trying = [step for step in wanting if step.required or step.name in worth]
    return [each for step in trying for each in ids(step) if each in outcomes and _may_pass(outcomes[each])]


def tried(stage: StageRecord, outcomes: Outcomes, again: Collection[str]) -> tuple[Tried, ...]:
    """The ends of parts that are sent again, with those of earlier times; few, since the record is to stay small."""
    ended = (outcomes[each] for each in again if each in outcomes)
    found = tuple(Tried(step=each.step, part=_part_record(each)) for each in ended)
    return (*stage.tried, *found)[:MAX_TRIED]


def lost(stage: StageRecord, outcomes: Outcomes) -> list[StepRecord]:
    """Steps of which a part found that what an earlier step wrote is no longer there."""
    return [step for step, _ in _with_reason(stage, outcomes, INPUT_LOST)]


def quarantined(stage: StageRecord, outcomes: Outcomes) -> list[tuple[StepRecord, int]]:
    """Parts that killed their workers, by step and number."""
    return _with_reason(stage, outcomes, QUARANTINED)


def _with_reason(stage: StageRecord, outcomes: Outcomes, code: str) -> list[tuple[StepRecord, int]]:
    return [
        (step, number)
        for step in stage.steps
        if step.status is None
        for number in numbers(step)
        if (found := outcomes.get(part_id(step.name, number))) and found.reason and found.reason.code == code
    ]


def _may_pass(outcome: Outcome) -> bool:
    retryable = outcome.reason is not None and outcome.reason.retryable
    return outcome.status is OutcomeStatus.TIMED_OUT or (not outcome.ok and retryable)


def _enough(step: StepRecord, outcomes: Outcomes) -> bool:
    """Whether what succeeded suffices, whatever becomes of the rest."""
    good = sum(_good(outcomes[each]) for each in ids(step) if each in outcomes)
    return good >= (len(ids(step)) if step.needed is None else step.needed)


def _good(outcome: Outcome) -> bool:
    """A record that was set aside is a gap of the report, not a fault of its step."""
    return outcome.ok or (outcome.reason is not None and outcome.reason.code == SET_ASIDE)


def empty_handed(record: RunRecord, outcomes: Outcomes) -> bool:
    """Whether nothing of the run has succeeded so far."""
    done = any(step.status is OutcomeStatus.SUCCEEDED for stage in record.stages for step in stage.steps)
    return not done and not any(each.ok for each in outcomes.values())


def vital(stage: StageRecord, outcomes: Outcomes) -> bool:
    """Whether a step is not done yet without which the run fails."""
    return any(step.required and step.status is None and not _enough(step, outcomes) for step in stage.steps)


def verdict(stage: StageRecord, outcomes: Outcomes, at: datetime, worth: Collection[str] = frozenset()) -> Verdict:
    """Join when nothing more is waited for or the time is up; a required part that is missing or may pass is worth
    another try, and so is a missing part of the steps in `worth`.
    """
    wanting = [step for step in stage.steps if step.status is None and not _enough(step, outcomes)]
    absent = [each for step in wanting for each in ids(step) if each not in outcomes]
    if absent and at < stage.deadline_at:
        return Verdict.WAIT
    trying = [step for step in wanting if step.required or step.name in worth]
    needed = [each for step in trying for each in ids(step) if each not in outcomes]
    again = worth_a_try(stage, outcomes, worth)
    # Nothing at all: not slow parts, but a stage that was never published.
    if (needed or again or not outcomes) and stage.dispatches < MAX_DISPATCHES:
        return Verdict.DISPATCH_AGAIN
    return Verdict.JOIN


def join(stage: StageRecord, outcomes: Outcomes, at: datetime, queued_s: float = 0.0) -> StageRecord:
    """The stage with its steps' ends. A part without an outcome has timed out.

    `queued_s`: how long the message waited in its queue that had the stage joined.
    """
    steps = tuple(step if step.status else join_step(step, outcomes) for step in stage.steps)
    return stage.model_copy(update={"joined_at": at, "steps": steps, "join_queued_s": queued_s})


def join_step(step: StepRecord, outcomes: Outcomes) -> StepRecord:
    """The step with its end."""
    late = Reason(code=LATE)
    found = [
        outcomes.get(part_id(step.name, number))
        or Outcome(step=step.name, part=number, status=OutcomeStatus.TIMED_OUT, reason=late)
        for number in numbers(step)
    ]
    status, reason = _end(step, found, outcomes)
    return step.model_copy(
        update={
            "status": status,
            "reason": reason,
            "parts": tuple(_part_record(each) for each in found),
            "artifacts": _artifacts(found),
            "coverage": _coverage(found),
            "facts": found[0].facts if len(found) == 1 else _sum_facts(found),
        }
    )


def _end(step: StepRecord, found: list[Outcome], outcomes: Outcomes) -> tuple[OutcomeStatus, Reason | None]:
    worst = next((each for each in found if not _good(each)), None)
    enough = step.best_effort and any(each.ok for each in found)
    if worst is None or enough or _enough(step, outcomes):
        return OutcomeStatus.SUCCEEDED, next((each.reason for each in found if not each.ok and _good(each)), None)
    return worst.status, worst.reason


def _part_record(outcome: Outcome) -> PartRecord:
    timings = outcome.timings
    return PartRecord(
        part=outcome.part, status=outcome.status, reason=outcome.reason, worker=outcome.worker,
        deliveries=outcome.deliveries, retries=outcome.retries,
        **({name: getattr(timings, name) for name in Timings.model_fields} if timings else {}),
    )  # fmt: skip


def _artifacts(outcomes: list[Outcome]) -> dict[str, tuple[ArtifactRef, ...]]:
    gathered: dict[str, tuple[ArtifactRef, ...]] = {}
    for outcome in outcomes:
        if _good(outcome):
            for name, refs in outcome.artifacts.items():
                gathered[name] = (*gathered.get(name, ()), *refs)
    return gathered


def _coverage(outcomes: list[Outcome]) -> Coverage | None:
    known = [outcome.coverage for outcome in outcomes if outcome.ok and outcome.coverage]
    return sum(known, Coverage(seen=0, total=0)) if known else None


def _sum_facts(outcomes: list[Outcome]) -> dict[str, object]:
    """Counts of a mapped step are added up; what is no number is kept from the first part that says it."""
    facts: dict[str, object] = {}
    for outcome in outcomes:
        for name, value in outcome.facts.items():
            before = facts.get(name)
            countable = isinstance(value, int | float) and isinstance(before, int | float)
            facts[name] = before + value if countable else facts.get(name, value)
    return facts


def gaps(flow: Flow, stage: StageRecord) -> tuple[Gap, ...]:
    """The stage's steps that are missing or incomplete, with what that costs the reader."""
    effects = {step.name: step.effect for step in flow.steps()}
    found = ((step, _gap(step)) for step in stage.steps)
    return tuple(Gap(step=step.name, reason=gap, effect=effects.get(step.name, "")) for step, gap in found if gap)


def _gap(step: StepRecord) -> str:
    aside = sum(part.reason is not None and part.reason.code == SET_ASIDE for part in step.parts)
    if step.status is OutcomeStatus.SUCCEEDED:
        return f"{SET_ASIDE} ({aside} record{'s' if aside > 1 else ''})" if aside else ""
    ok = sum(part.status is OutcomeStatus.SUCCEEDED for part in step.parts)
    share = f" ({ok} of {len(step.parts)} parts done)" if ok else ""
    return f"{step.reason.code if step.reason else step.status}{share}"


def hopeless(record: RunRecord) -> str:
    """Why the run cannot go on after its last join; empty when it can."""
    stage = record.stage
    steps = stage.steps if stage else ()
    for step in steps:
        if step.required and step.status is not OutcomeStatus.SUCCEEDED:
            reason = step.reason.code if step.reason else "no_outcome"
            return f"{step.name}: {reason}"
    return ""


def stragglers(stage: StageRecord) -> list[StepRecord]:
    """Steps that the stage was joined without, because they were late."""
    return [step for step in stage.steps if any(part.reason and part.reason.code == LATE for part in step.parts)]
