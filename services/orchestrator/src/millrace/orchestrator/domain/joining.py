"""Pure joining: from a stage's outcomes to its steps' ends and the run's gaps."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.flow import Flow
from millrace.contracts.messages import part_id
from millrace.contracts.outcome import Coverage, Outcome, OutcomeStatus, Reason
from millrace.contracts.run import Gap, PartRecord, RunRecord, StageRecord, StepRecord

MAX_DISPATCHES = 3
"""How often the missing parts of a required step are published before the run is given up."""

Outcomes = Mapping[str, Outcome]
"""By part id."""


class Verdict(StrEnum):
    """What is to be done with a stage."""

    WAIT = "wait"
    JOIN = "join"
    DISPATCH_AGAIN = "dispatch_again"


def expected(stage: StageRecord) -> list[str]:
    """Ids of all parts that the stage published."""
    return [part_id(step.name, number) for step in stage.steps for number in range(step.planned)]


def missing(stage: StageRecord, outcomes: Outcomes) -> list[str]:
    """Ids of parts without an outcome."""
    return [each for each in expected(stage) if each not in outcomes]


def worth_a_try(stage: StageRecord, outcomes: Outcomes) -> list[str]:
    """Ids of required parts whose fault may pass: without them the run fails, so it waits for another try."""
    ids = [part_id(step.name, number) for step in stage.steps if step.required for number in range(step.planned)]
    return [each for each in ids if each in outcomes and _may_pass(outcomes[each])]


def _may_pass(outcome: Outcome) -> bool:
    retryable = outcome.reason is not None and outcome.reason.retryable
    return outcome.status is OutcomeStatus.TIMED_OUT or (not outcome.ok and retryable)


def verdict(stage: StageRecord, outcomes: Outcomes, at: datetime) -> Verdict:
    """Join when all is there or the time is up; a required part that is missing or may pass is worth another try."""
    lost, again = missing(stage, outcomes), worth_a_try(stage, outcomes)
    if lost and at < stage.deadline_at:
        return Verdict.WAIT
    required = {step.name for step in stage.steps if step.required}
    needed = [each for each in lost if each.rpartition(".")[0] in required]
    # Nothing at all: not slow parts, but a stage that was never published.
    if (needed or again or not outcomes) and stage.dispatches < MAX_DISPATCHES:
        return Verdict.DISPATCH_AGAIN
    return Verdict.JOIN


def join(stage: StageRecord, outcomes: Outcomes, at: datetime) -> StageRecord:
    """The stage with its steps' ends. A part without an outcome has timed out."""
    steps = tuple(step if step.status else _join_step(step, outcomes) for step in stage.steps)
    return stage.model_copy(update={"joined_at": at, "steps": steps})


def _join_step(step: StepRecord, outcomes: Outcomes) -> StepRecord:
    late = Reason(code="deadline_passed")
    found = [
        outcomes.get(part_id(step.name, number))
        or Outcome(step=step.name, part=number, status=OutcomeStatus.TIMED_OUT, reason=late)
        for number in range(step.planned)
    ]
    worst = next((each for each in found if not each.ok), None)
    return step.model_copy(
        update={
            "status": worst.status if worst else OutcomeStatus.SUCCEEDED,
            "reason": worst.reason if worst else None,
            "parts": tuple(_part_record(each) for each in found),
            "artifacts": _artifacts(found),
            "coverage": _coverage(found),
            "facts": found[0].facts if len(found) == 1 else _sum_facts(found),
        }
    )


def _part_record(outcome: Outcome) -> PartRecord:
    timings = outcome.timings
    return PartRecord(
        part=outcome.part, status=outcome.status, reason=outcome.reason, worker=outcome.worker,
        deliveries=outcome.deliveries, started_at=timings.started_at if timings else None,
        ended_at=timings.ended_at if timings else None,
    )  # fmt: skip


def _artifacts(outcomes: list[Outcome]) -> dict[str, tuple[ArtifactRef, ...]]:
    gathered: dict[str, tuple[ArtifactRef, ...]] = {}
    for outcome in outcomes:
        if outcome.ok:
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
    found = []
    for step in stage.steps:
        if step.status is not OutcomeStatus.SUCCEEDED:
            ok = sum(part.status is OutcomeStatus.SUCCEEDED for part in step.parts)
            share = f" ({ok} of {step.planned} parts done)" if ok else ""
            code = step.reason.code if step.reason else str(step.status)
            found.append(Gap(step=step.name, reason=f"{code}{share}", effect=effects.get(step.name, "")))
    return tuple(found)


def hopeless(record: RunRecord) -> str:
    """Why the run cannot go on after its last join; empty when it can."""
    stage = record.stage
    steps = stage.steps if stage else ()
    for step in steps:
        if step.required and step.status is not OutcomeStatus.SUCCEEDED:
            reason = step.reason.code if step.reason else "no_outcome"
            return f"{step.name}: {reason}"
    return ""
