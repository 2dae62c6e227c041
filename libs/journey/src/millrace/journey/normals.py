"""What is normal for a flow: medians of its recent runs, phase by phase and step by step."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, NamedTuple

from millrace.contracts.journey import Interval, JourneyRow, Phase
from millrace.contracts.run import RunRecord, RunStatus
from millrace.journey.path import Path, path
from millrace.journey.rows import rows

MOST: Final = 20
"""Runs that are looked at: enough for a median, and for a glance at the ninth decile."""
FEWEST: Final = 3
"""Fewer say nothing of what is normal."""
ALIKE: Final = 3.0
"""A run of a third to three times as many records is of about the same size."""
WHOLE: Final = "whole"
_GOOD: Final = (RunStatus.COMPLETED, RunStatus.PARTIAL)
_WORK: Final = (Phase.START, Phase.QUEUE, Phase.STORE, Phase.COMPUTE)


class Kind(NamedTuple):
    """A kind of time that is compared from run to run."""

    phase: str
    queue: str
    stage: str
    step: str
    what: str = ""


@dataclass(frozen=True, kw_only=True)
class Normals:
    """What is normal."""

    runs: int
    similar: bool
    seconds: tuple[float, ...] = ()
    """Of whole runs."""
    phases: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Of each run, along its critical path."""
    kinds: Mapping[Kind, tuple[float, ...]] = field(default_factory=dict)
    """Of each run that has it: the longest of a step's parts."""

    @property
    def enough(self) -> bool:
        """Whether they say anything."""
        return self.runs >= FEWEST

    def of(self, kind: Kind) -> float | None:
        """The median of a kind of time; None when nobody knows. What a run says nothing of, it had nothing of, but for
        the work of a step, which it may not have had to do.
        """
        found = self.kinds.get(kind, ())
        if not self.enough or (kind.step and kind.phase in _WORK):
            return middle(found)
        return middle((*found, *(0.0,) * (self.runs - len(found))))


def normal(record: RunRecord, recent: Iterable[RunRecord]) -> Normals:
    """What is normal for this run: the newest of these runs that went the same way to a good end in one attempt, of
    about its size where enough are.
    """
    fit = [each for each in recent if comparable(record, each)]
    whole_ones = [each for each in fit if each.status is RunStatus.COMPLETED]
    # What is missing from partial runs may be what is slow just now: they count only where there is nothing better.
    fit = whole_ones if len(whole_ones) >= FEWEST else fit
    near = [each for each in fit if alike(record, each)]
    similar = len(near) >= FEWEST
    chosen = (near if similar else fit)[:MOST]
    paths = [(each, path(each, each.ended_at or each.accepted_at)) for each in chosen]
    phases: dict[str, list[float]] = {phase.value: [] for phase in Phase}
    kinds: dict[Kind, list[float]] = defaultdict(list)
    for each, found in paths:
        spent = by_phase(found.intervals)
        for phase, values in phases.items():
            values.append(spent.get(phase, 0.0))
        for kind, seconds in measure(each, found).items():
            kinds[kind].append(seconds)
    whole = record.attempt == 1  # A redrive does a part of the work: only its steps can be compared.
    return Normals(
        runs=len(chosen), similar=similar, seconds=tuple(found.seconds for _, found in paths if whole),
        phases={phase: tuple(values) for phase, values in phases.items() if whole},
        kinds={kind: tuple(values) for kind, values in kinds.items()},
    )  # fmt: skip


def comparable(record: RunRecord, other: RunRecord) -> bool:
    """Whether the other run may say what is normal for this one."""
    return (
        other.run_id != record.run_id and other.flow == record.flow and other.status in _GOOD and other.attempt == 1
        and other.ended_at is not None
    )  # fmt: skip


def alike(record: RunRecord, other: RunRecord) -> bool:
    """Whether they are of about the same size."""
    sizes = sorted((record.records, other.records))
    return sizes[1] <= ALIKE * max(sizes[0], 1)


def measure(record: RunRecord, found: Path) -> dict[Kind, float]:
    """How long each kind of time was in a run: all of it along the critical path, or the longest among its step's parts
    where that is more.
    """
    measured: dict[Kind, float] = defaultdict(float)
    for interval in found.intervals:
        measured[kind_of(interval)] += interval.seconds
    for row in rows(record, found):
        if row.part is not None:
            for kind, seconds in _of_part(row).items():
                measured[kind] = max(measured[kind], seconds)
    return dict(measured)


def _of_part(row: JourneyRow) -> dict[Kind, float]:
    """Also what a part had nothing of: a median over a few bad runs would make them the normal ones."""
    spent = {Kind(phase.value, row.queue, row.stage, row.step): 0.0 for phase in _WORK}
    for interval in row.intervals:
        if interval.step:
            kind, behind_s = kind_of(interval), interval.behind_s or 0.0
            spent[kind] = spent.get(kind, 0.0) + max(0.0, interval.seconds - behind_s)
    spent[wait_of(row)] = sum(each.seconds for each in row.intervals if each.step and each.phase == Phase.QUEUE)
    return spent


def wait_of(part: JourneyRow | Interval) -> Kind:
    """All of a part's wait in its queue, also what it waited behind others of its run."""
    return Kind(Phase.QUEUE.value, part.queue, part.stage, part.step, WHOLE)


def kind_of(interval: Interval) -> Kind:
    """What the interval is compared with."""
    what = "" if interval.step or interval.phase == Phase.RETRY else interval.what
    return Kind(interval.phase, interval.queue, interval.stage, interval.step, what)


def by_phase(intervals: Iterable[Interval]) -> dict[str, float]:
    """Seconds of each phase."""
    spent: dict[str, float] = defaultdict(float)
    for interval in intervals:
        spent[interval.phase] += interval.seconds
    return dict(spent)


def middle(values: Sequence[float]) -> float | None:
    """Their median; None when there are too few."""
    return median(values) if len(values) >= FEWEST else None


def ninth_decile(values: Sequence[float]) -> float | None:
    """What nine of ten do not exceed (nearest rank); None when there are too few."""
    return sorted(values)[math.ceil(0.9 * len(values)) - 1] if len(values) >= FEWEST else None
