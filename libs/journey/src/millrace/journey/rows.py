"""The waterfall: the run, its stages, their steps and parts, and the callback, each with its time."""

from collections.abc import Iterator
from typing import Any

from millrace.contracts.journey import Interval, JourneyRow, Phase
from millrace.contracts.run import PartRecord, RunRecord, StageRecord, StepRecord
from millrace.journey.lane import Lane
from millrace.journey.parts import awaited, lay_part, parts_of
from millrace.journey.path import Path
from millrace.journey.places import place_of


def rows(record: RunRecord, path: Path) -> tuple[JourneyRow, ...]:
    """Every row, in the order in which a waterfall shows them."""
    return tuple(_rows(record, path))


def part_intervals(record: RunRecord, path: Path, stage: StageRecord, step: StepRecord, part: PartRecord) -> Lane:
    """A part's time, from its stage's beginning to its end."""
    lane = Lane(zero=path.begin, at=stage.started_at, end=path.end)
    lay_part(lane, stage, step, part, path.busy)
    return lane


def _rows(record: RunRecord, path: Path) -> Iterator[JourneyRow]:
    run = _row("run", record.run_id, 0, path.intervals, critical=True, status=record.status.value)
    yield run or JourneyRow(kind="run", name=record.run_id, level=0, begin_s=0.0, end_s=0.0)
    accept = [each for each in path.intervals if each.phase == Phase.ACCEPT]
    yield from _some(_row("accept", "accept", 1, accept, critical=True, service="ingestion"))
    for stage in record.stages:
        yield from _stage(record, path, stage)
    called = [each for each in path.intervals if _of_callback(each)]
    deliveries = record.callback.deliveries if record.callback else 1
    yield from _some(
        _row("callback", "callback", 1, called, critical=True, service="callback", deliveries=max(deliveries, 1))
    )


def _of_callback(interval: Interval) -> bool:
    return interval.phase == Phase.CALLBACK or interval.queue == "callback"


def _stage(record: RunRecord, path: Path, stage: StageRecord) -> Iterator[JourneyRow]:
    along = [each for each in path.intervals if each.stage == stage.name]
    status = "joined" if stage.joined_at else "running"
    yield from _some(_row("stage", stage.name, 1, along, critical=True, stage=stage.name, status=status))
    last = awaited(stage) if stage.joined_at else None
    for step in stage.steps:
        slowest = last.part.part if last is not None and last.step.name == step.name else None
        yield from _step(record, path, stage, step, slowest)


def _step(
    record: RunRecord, path: Path, stage: StageRecord, step: StepRecord, slowest: int | None
) -> Iterator[JourneyRow]:
    """A step of one part is one row; of a step of many, the row is that of the part that ended last."""
    made = []
    for part in parts_of(stage, step):
        lane = part_intervals(record, path, stage, step, part)
        row = _part(stage, step, part, lane, critical=part.part == slowest)
        made += [row] if row else []
    if len(made) <= 1:
        yield from (row.model_copy(update={"kind": "step", "level": 2, "name": step.name}) for row in made)
        return
    longest = next((row for row in made if row.critical), None) or max(made, key=lambda row: row.end_s)
    head = {"kind": "step", "level": 2, "name": f"{step.name} ({len(made)} parts)", "part": None}
    yield longest.model_copy(update=head)
    yield from made


def _part(stage: StageRecord, step: StepRecord, part: PartRecord, lane: Lane, *, critical: bool) -> JourneyRow | None:
    place = place_of(stage.name, step, part.part)
    return _row(
        "part", f"{step.name}.{part.part}", 3, lane.made, critical=critical, service=place.service, queue=place.queue,
        stage=stage.name, step=step.name, part=part.part, status=part.status.value,
        reason=part.reason.code if part.reason else "", deliveries=part.deliveries, retries=part.retries,
    )  # fmt: skip


def _row(kind: str, name: str, level: int, intervals: Any, **about: Any) -> JourneyRow | None:
    """A row over intervals; None when there are none."""
    found = tuple(intervals)
    if not found:
        return None
    return JourneyRow(
        kind=kind, name=name, level=level, begin_s=found[0].begin_s, end_s=found[-1].end_s, intervals=found, **about
    )


def _some(row: JourneyRow | None) -> Iterator[JourneyRow]:
    if row is not None:
        yield row
