"""Metrics by day or week: counts, shares and means, each with what it rests on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from millrace.analytics.domain.estimates import Floats
from millrace.analytics.domain.words import counted

Ints = NDArray[np.int64]

DAY, WEEK = "day", "week"
MAX_DAYS = 182
"""A longer span is looked at by week: half a year of days keeps the search fast and a day still means something."""
MAX_WEEKS = 261
"""Five years: what is older says little about a level."""
FAR_DAYS = 30
STRAY_SHARE = 0.01
"""At most this share of the records (but one in any case) is taken for wrongly dated."""
_DAYS_OF = {DAY: 1, WEEK: 7}


@dataclass(frozen=True, kw_only=True)
class Span:
    """The periods of a batch (UTC, weeks begin on Monday)."""

    unit: str
    first: pd.Timestamp
    """Begin of the first period, without a zone."""
    periods: int

    def positions(self, times: pd.Series) -> Ints:
        """The period of each time: 0, 1, ...; -1 for none and for those outside the span."""
        days = _days(times) - self.first.to_datetime64().astype("datetime64[D]").astype(np.int64)
        found = days // _DAYS_OF[self.unit]
        return np.where((found >= 0) & (found < self.periods), found, -1)

    def begin(self, position: int) -> datetime:
        """When a period begins."""
        start = self.first + pd.Timedelta(days=position * _DAYS_OF[self.unit])
        return start.tz_localize("UTC").to_pydatetime()

    def outside(self, times: pd.Series) -> list[str]:
        """In words, how many of these records were left out for their date; nothing when all are inside."""
        missing = int(np.sum((self.positions(times) < 0) & times.notna().to_numpy()))
        if not missing:
            return []
        last = self.begin(self.periods) - timedelta(days=1)
        return [f"{counted(missing, 'record')} left out: not dated between {self.first:%Y-%m-%d} and {last:%Y-%m-%d}"]

    @property
    def weekdays(self) -> Ints:
        """0 (Monday) to 6 for days, nothing but zeros for weeks."""
        if self.unit == WEEK:
            return np.zeros(self.periods, dtype=np.int64)
        return (self.first.weekday() + np.arange(self.periods)) % 7


def span_of(times: Iterable[pd.Series], max_days: int = MAX_DAYS) -> Span | None:
    """The periods that these times fill, without strays; None when there is not a single time.

    One record dated decades away would leave nothing but empty periods. Such dates are left out where they are few
    and farther from all others than those lie apart.
    """
    joined = np.concatenate([_days(each) for each in times] or [np.empty(0, dtype=np.int64)])
    days, counts = np.unique(joined[joined > _NEVER], return_counts=True)
    if len(days) == 0:
        return None
    start, end = _core(days, counts)
    first, last = int(days[start]), int(days[end - 1])
    if last - first < max_days:
        return Span(unit=DAY, first=_timestamp(first), periods=last - first + 1)
    monday = first - (first + _EPOCH_WEEKDAY) % 7
    weeks = (last - monday) // 7 + 1
    begin = monday + 7 * max(0, weeks - MAX_WEEKS)
    return Span(unit=WEEK, first=_timestamp(begin), periods=min(weeks, MAX_WEEKS))


_NEVER = np.iinfo(np.int64).min
_FUTURE = int(np.datetime64("2100-01-01").astype(np.int64))
"""From here on a date is none, as in the files that are read: `datetime` ends with the year 9999."""
_EPOCH_WEEKDAY = 3
"""The first of January 1970 was a Thursday."""


def _days(times: pd.Series) -> Ints:
    """Days since 1970; the lowest integer for no time, or none of ours."""
    moments = pd.to_datetime(times, utc=True).dt.tz_localize(None).to_numpy()
    days = moments.astype("datetime64[D]").astype(np.int64)
    return np.where(np.isnat(moments) | (days >= _FUTURE), _NEVER, days)


def _timestamp(day: int) -> pd.Timestamp:
    return pd.Timestamp(np.datetime64(day, "D"))


def _core(days: Ints, counts: Ints) -> tuple[int, int]:
    """Begin and end (exclusive) of the days without strays at either side."""
    spare = max(1.0, STRAY_SHARE * counts.sum())
    start, end = 0, len(days)
    while end - start > 2:
        after = (days[end - 1] - days[end - 2], days[end - 2] - days[start], counts[end - 1])
        before = (days[start + 1] - days[start], days[end - 1] - days[start + 1], counts[start])
        if _is_stray(*after, spare):
            end, spare = end - 1, spare - after[2]
        elif _is_stray(*before, spare):
            start, spare = start + 1, spare - before[2]
        else:
            break
    return start, end


def _is_stray(gap: int, rest: int, count: int, spare: float) -> bool:
    return gap > max(rest, FAR_DAYS) and count <= spare


class Kind(StrEnum):
    """What the values of a series are."""

    COUNT = "count"
    """Records that came in."""
    SHARE = "share"
    """Records with a property, of all."""
    MEAN = "mean"
    """The mean of a number that each record has."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One metric by period."""

    metric: str
    label: str
    kind: Kind
    records: pd.DataFrame
    """`record_id`, `position`, `value` and `weight` of every record, by position and id: the same in any order of the
    input. `weight` says how telling a record is as evidence for a move up."""
    total: Floats
    """Sum of the values by period."""
    size: Floats
    """Records by period; for counts how many usual days each is worth (its weekday's factor)."""
    bounds: tuple[float, float]
    offset: int = 0
    """Position of the first of these periods in the span."""

    @property
    def rates(self) -> Floats:
        """Value by period; NaN where there is none."""
        none = np.full(len(self.total), np.nan)
        return np.asarray(np.divide(self.total, self.size, out=none, where=self.size > 0))

    @property
    def variance(self) -> float:
        """Variance of one record's value, or of one usual day's count; 0 where nothing varies.

        Of a mean from the differences of neighbouring records (von Neumann 1941), since a change of level is no noise.
        """
        rate = float(self.total.sum() / max(self.size.sum(), 1e-12))
        if self.kind is Kind.COUNT:
            return rate
        if self.kind is Kind.SHARE:
            return rate * (1 - rate)
        return float(np.mean(np.diff(self.records["value"]) ** 2) / 2) if len(self.records) > 1 else 0.0

    def evidence(self, positions: Iterable[int], sign: int, most: int) -> tuple[str, ...]:
        """The ids of the most telling records of these periods for a move up (1) or down (-1), period by period.

        Of a mean the lowest or highest values; of a share the records that have the property (a fall has none to
        show); of a count any.
        """
        found: list[str] = []
        for position in positions:
            own = self.records[self.records["position"] == position + self.offset]
            if self.kind is Kind.SHARE:
                own = own[own["value"] > 0] if sign > 0 else own.iloc[:0]
            order = np.argsort(-sign * own["weight"].to_numpy(dtype=np.float64), kind="stable")
            found += list(own["record_id"].iloc[order[: most - len(found)]])
            if len(found) == most:
                break
        return tuple(found)


def series(
    metric: str, label: str, kind: Kind, records: pd.DataFrame, periods: int, bounds: tuple[float, float] = (0.0, 1.0)
) -> Series:
    """A share or mean by period from its records."""
    positions = records["position"].to_numpy()
    return Series(
        metric=metric, label=label, kind=kind, records=records, bounds=bounds,
        total=np.bincount(positions, weights=records["value"], minlength=periods).astype(np.float64),
        size=np.bincount(positions, minlength=periods).astype(np.float64),
    )  # fmt: skip


def volume(counts: Floats, records: pd.DataFrame, span: Span) -> Series | None:
    """How many records came in by period; None when fewer than two whole periods remain.

    The export began and ended somewhere within its first and last period, so these two are left out.
    """
    if len(counts) < 4:
        return None
    total, weekdays = counts[1:-1], span.weekdays[1:-1]
    inside = records[records["position"].between(1, len(counts) - 2)]
    return Series(
        metric="volume", label="Volume", kind=Kind.COUNT, records=inside, total=total,
        size=weekday_factors(total, weekdays) * _DAYS_OF[span.unit], bounds=(0.0, np.inf), offset=1,
    )  # fmt: skip


_SPIKE = 6.0
"""Standard deviations of a Poisson count above the weekday's usual, beyond which a count is cut."""
_PRIOR = 10.0
"""Records of an average weekday that are added to each, so that a few records make no weekday special."""


def weekday_factors(counts: Floats, weekdays: Ints) -> Floats:
    """How much of an average period each period is, from its weekday's count against the weeks around it.

    The ratio to a centred moving average over seven days, as in classical decomposition, does not take a change of
    level for a weekday's habit; nor is a single huge day one.
    """
    if weekdays.max() == 0 or len(counts) < 14:
        return np.ones(len(counts))
    middle = ndimage.median_filter(counts, size=7, mode="mirror")
    habit = np.array([np.median((counts / np.maximum(middle, 1.0))[weekdays == day]) for day in range(7)])
    usually = middle * habit[weekdays]
    tame = np.minimum(counts, usually + _SPIKE * np.sqrt(usually + 1))
    around = np.convolve(np.pad(tame, 3, mode="reflect"), np.full(7, 1 / 7), mode="valid")
    own = np.bincount(weekdays, weights=tame, minlength=7)
    usual = np.bincount(weekdays, weights=around, minlength=7)
    factors = (own + _PRIOR) / (usual + _PRIOR)
    return np.asarray((factors / factors.mean())[weekdays])
