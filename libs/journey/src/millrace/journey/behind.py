"""What a part waited behind: other parts of its own run, at work in the process that took it in the end."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate

from millrace.contracts.run import PartRecord, RunRecord
from millrace.journey.places import Place, place_of


@dataclass(frozen=True, kw_only=True)
class Work:
    """A part at work."""

    place: Place
    part: PartRecord
    began: datetime
    ended: datetime


class _Line:
    """What was at work, one part after the other: where two were at once, the second counts from the first's end."""

    def __init__(self, works: Iterable[Work]) -> None:
        self.works: list[Work] = []
        for work in sorted(works, key=lambda each: (each.began, each.ended)):
            began = max(work.began, self.works[-1].ended) if self.works else work.began
            if began < work.ended:
                self.works.append(replace(work, began=began))
        self._began = [each.began for each in self.works]
        self._ended = [each.ended for each in self.works]
        self._done = [timedelta(), *accumulate(each.ended - each.began for each in self.works)]

    def between(self, begin: datetime, end: datetime) -> list[Work]:
        """What was at work then."""
        return self.works[bisect_right(self._ended, begin) : bisect_left(self._began, end)]

    def until(self, moment: datetime) -> timedelta:
        """How long it had been at work by then."""
        number = bisect_right(self._began, moment)
        return self._done[number] - max(self._ended[number - 1] - moment, timedelta()) if number else timedelta()


class Busy:
    """When the processes of the services were at work on parts of this run."""

    def __init__(self, record: RunRecord) -> None:
        works: dict[tuple[str, str], list[Work]] = defaultdict(list)
        for place, part in _parts(record):
            if part.worker and part.started_at and part.ended_at and part.started_at < part.ended_at:
                work = Work(place=place, part=part, began=part.started_at, ended=part.ended_at)
                works[place.queue, part.worker].append(work)
        self._lines = {key: _Line(each) for key, each in works.items()}

    def ahead(self, queue: str, part: PartRecord, begin: datetime, end: datetime) -> list[Work]:
        """What was at work in the process that took the part, in order and without overlaps; nothing for a process
        that is not known.
        """
        line = self._lines.get((queue, part.worker))
        return [each for each in line.between(begin, end) if each.part is not part] if line else []

    def before(self, queue: str, forked: datetime, begin: datetime) -> list[Work]:
        """What other processes of the service had at work from then on, and had ended when one was started: that one
        came in the place of a process that ended after its work.
        """
        lines = (line for (of, _), line in self._lines.items() if of == queue)
        return _Line(work for line in lines for work in line.between(begin, forked) if work.ended <= forked).works

    def seconds(self, queue: str, part: PartRecord, begin: datetime, end: datetime) -> float:
        """How long the process that took the part was at work between, on other parts of the run."""
        line = self._lines.get((queue, part.worker))
        return max(0.0, (line.until(end) - line.until(begin)).total_seconds()) if line else 0.0


def _parts(record: RunRecord) -> Iterable[tuple[Place, PartRecord]]:
    for stage in record.stages:
        for step in stage.steps:
            vain = (each.part for each in stage.tried if each.step == step.name)
            for part in (*step.parts, *vain):
                yield place_of(stage.name, step, part.part), part
