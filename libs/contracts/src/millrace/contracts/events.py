"""What has happened to a run, as events that are derived from its record.

The events of a record begin with those of every revision before it, whoever reads it: so the id of the last one that
was read says where to go on, on any replica.
"""

from collections.abc import Iterator
from itertools import count

from millrace.contracts.happening import EventType, RunEvent, StepEnd
from millrace.contracts.run import CallbackStatus, RunRecord, StageRecord

Place = tuple[int, int, int]
"""An event's place: attempt, recoveries before it in that attempt, and number within these."""

_OUTCOMES = {CallbackStatus.GIVEN_UP: EventType.GIVEN_UP, CallbackStatus.DELIVERED: EventType.DELIVERED}


def events(record: RunRecord) -> tuple[RunEvent, ...]:
    """Everything that has happened to the run, oldest first."""
    return (*record.told, *_present(record))


def events_after(record: RunRecord, last: str) -> tuple[RunEvent, ...]:
    """What has happened since the event of this id, or since ever for an empty one; ValueError when it is no id."""
    if not last:
        return events(record)
    seen = place_of(last)
    return tuple(event for event in events(record) if place_of(event.id) > seen)


def place_of(event_id: str) -> Place:
    """Where an event stands among those of its run; ValueError when it is no event's id."""
    parts = event_id.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 9 for part in parts):
        raise ValueError("an event's id is three numbers with dots between them")
    attempt, recoveries, number = map(int, parts)
    return attempt, recoveries, number


def is_over(record: RunRecord) -> bool:
    """Whether nothing more will happen to the run by itself: its attempt and its callback have ended, and nothing is
    asked of it.
    """
    called_back = record.callback is None or record.callback.status is not CallbackStatus.PENDING
    return record.status.terminal and called_back and record.pending is None


def _present(record: RunRecord) -> Iterator[RunEvent]:
    """The events that the record still holds: of this attempt, since it last went back a stage."""
    numbers = count(1)

    def place() -> str:
        return f"{record.attempt}.{record.recoveries}.{next(numbers)}"

    yield _beginning(record, place())
    for stage in record.stages[record.kept :]:
        yield RunEvent(
            id=place(), type=EventType.STAGE_STARTED, at=stage.started_at, attempt=record.attempt, stage=stage.name
        )
        if stage.joined_at is not None:
            yield _joined(record, stage, place())
    if record.ended_at is not None:
        yield RunEvent(
            id=place(), type=EventType.ENDED, at=record.ended_at, attempt=record.attempt, status=record.status,
            reason=record.reason, gaps=record.gaps,
        )  # fmt: skip
        yield from _called_back(record, {EventType.GIVEN_UP: place(), EventType.DELIVERED: place()})


def _beginning(record: RunRecord, place: str) -> RunEvent:
    if record.recoveries:
        return RunEvent(id=place, type=EventType.RECOVERED, at=record.recovered_at, attempt=record.attempt)
    kind = EventType.ACCEPTED if record.attempt == 1 else EventType.REDRIVEN
    return RunEvent(id=place, type=kind, at=record.since, attempt=record.attempt, records=record.records)


def _joined(record: RunRecord, stage: StageRecord, place: str) -> RunEvent:
    names = {step.name for step in stage.steps}
    steps = (
        StepEnd(
            name=step.name, status=step.status.value if step.status else "skipped", parts=len(step.parts),
            reason=step.reason.code if step.reason else "", coverage=step.coverage, reused_from=step.reused_from,
        )
        for step in stage.steps
    )  # fmt: skip
    return RunEvent(
        id=place, type=EventType.STAGE_JOINED, at=stage.joined_at, attempt=record.attempt, stage=stage.name,
        steps=tuple(steps), gaps=tuple(gap for gap in record.gaps if gap.step in names),
    )  # fmt: skip


def _called_back(record: RunRecord, places: dict[EventType, str]) -> Iterator[RunEvent]:
    """A callback that was given up may still be delivered, by hand: the two have places of their own."""
    callback = record.callback
    if callback is not None and callback.status in _OUTCOMES:
        kind = _OUTCOMES[callback.status]
        yield RunEvent(
            id=places[kind], type=kind, at=callback.delivered_at, attempt=record.attempt,
            deliveries=callback.deliveries, last_status=callback.last_status,
        )  # fmt: skip
