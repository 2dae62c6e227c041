"""What went wrong on a run's way, whether or not it cost time: for each thing a sentence."""

from collections.abc import Iterator
from typing import Any

from millrace.contracts.happening import EventType
from millrace.contracts.journey import Trouble
from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import CallbackStatus, PartRecord, RunRecord, StageRecord, StepRecord
from millrace.journey.parts import parts_of, tries
from millrace.journey.words import count, part_of, said_of, times


def troubles(record: RunRecord) -> tuple[Trouble, ...]:
    """In the order in which they happened, by and large."""
    return tuple(_all(record))


def _all(record: RunRecord) -> Iterator[Trouble]:
    yield from _before(record)
    for stage in record.stages:
        yield from _of_stage(stage)
    yield from _of_callback(record)


def _before(record: RunRecord) -> Iterator[Trouble]:
    for event in record.told:
        if event.attempt < record.attempt and event.type is EventType.ENDED:
            how = f"attempt {event.attempt} ended {event.status.value if event.status else ''}"
            said = f"{how}: {event.reason}" if event.reason else how
            yield Trouble(kind="redrive", text=f"{said}; attempt {event.attempt + 1} came after it")
    if record.recoveries:
        text = f"artifacts were lost: the attempt went back to an earlier stage {times(record.recoveries)}"
        yield Trouble(kind="recovery", text=text)


def _of_stage(stage: StageRecord) -> Iterator[Trouble]:
    if stage.dispatches > 1:
        text = f"missing parts of the stage {stage.name} were published again {times(stage.dispatches - 1)}"
        yield Trouble(kind="dispatch", text=text, stage=stage.name)
    for step in stage.steps:
        if step.divided:
            killed = count(len(step.divided), "part")
            text = f"{killed} of {step.name} killed their workers and were divided to find the bad record"
            yield Trouble(kind="division", text=text, stage=stage.name, step=step.name)
        for part in parts_of(stage, step):
            yield from _of_part(stage, step, part)


def _of_part(stage: StageRecord, step: StepRecord, part: PartRecord) -> Iterator[Trouble]:
    about: dict[str, Any] = {"stage": stage.name, "step": step.name, "part": part.part}
    name = part_of(step.name, part.part)
    if part.retries:
        yield Trouble(kind="retry", text=f"{name} was tried again {times(part.retries)} by its worker", **about)
    if part.deliveries > 1:
        text = f"{name} was begun {times(part.deliveries)}: a worker died at it, or lost its lease"
        yield Trouble(kind="redelivery", text=text, **about)
    for end in tries(stage, step.name, part.part):
        yield Trouble(kind="failure", text=f"{said_of(name, end)} and was sent again", **about)
    if part.status is not OutcomeStatus.SUCCEEDED:
        yield Trouble(kind="failure", text=said_of(name, part), **about)


def _of_callback(record: RunRecord) -> Iterator[Trouble]:
    callback = record.callback
    if callback is None:
        return
    answer = f", last answer {callback.last_status}" if callback.last_status else ""
    if callback.deliveries > 1:
        yield Trouble(kind="callback", text=f"the callback was tried {times(callback.deliveries)}{answer}")
    if callback.status is CallbackStatus.GIVEN_UP:
        yield Trouble(kind="callback", text=f"the callback was given up{answer}")
    if callback.replayed_after is not None:
        yield Trouble(kind="callback", text="the callback was asked for once more by hand; that time is not counted")
