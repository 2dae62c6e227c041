"""Lays intervals one after the other, so that what is added up is always the whole."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from millrace.contracts.journey import Interval, Phase
from millrace.journey.places import Place


@dataclass(kw_only=True)
class Lane:
    """A line of time. Nothing on it is negative and nothing overlaps, whatever clocks of several machines say: a moment
    before the last one counts as the last one, and a moment after the end as the end.
    """

    zero: datetime
    """Where seconds are counted from."""
    at: datetime
    """How far it is laid."""
    end: datetime
    made: list[Interval] = field(default_factory=list)
    skew_s: float = 0.0
    """How far a moment came before the one that it should follow."""

    def __post_init__(self) -> None:
        self.end = max(self.end, self.zero)
        self.at = min(max(self.at, self.zero), self.end)

    def until(self, moment: datetime | None, phase: Phase, about: dict[str, Any]) -> None:
        """The time up to that moment is spent so; nothing for a moment that is not known.

        `about`: the other fields of `Interval`.
        """
        if moment is None:
            return
        self.skew_s = max(self.skew_s, (self.at - moment).total_seconds())
        to = min(max(moment, self.at), self.end)
        if to > self.at:
            begin_s, end_s = self._offset(self.at), self._offset(to)
            self.made.append(Interval(phase=phase, begin_s=begin_s, end_s=end_s, **about))
            self.at = to

    def waits(self, moment: datetime | None, queued_s: float, place: Place, source: str) -> None:
        """Of the time up to that moment, this was spent in the place's queue. The rest is laid by who comes next."""
        if moment is not None:
            waited = min(self.at + timedelta(seconds=queued_s), max(moment, self.at))
            self.until(waited, Phase.QUEUE, place.told(source=source))

    def _offset(self, moment: datetime) -> float:
        return round((moment - self.zero).total_seconds(), 6)
