"""A metric over time: its values, its trend, level shifts, days that stand out, and what is to be expected."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from millrace.view.charts import house

WIDTH, HEIGHT = 400, 190
_LEFT, _TOP, _RIGHT, _BOTTOM = 44, 12, 12, 26
_DAY = timedelta(days=1)

Pair = tuple[datetime, float]


@dataclass(frozen=True, kw_only=True)
class Level:
    """A stretch of time at one level."""

    begin: datetime
    end: datetime
    value: float


@dataclass(frozen=True, kw_only=True)
class Band:
    """A value to come, with its interval."""

    at: datetime
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Series:
    """What is drawn. Everything but the points may be missing."""

    title: str
    """For those who do not see it."""
    points: Sequence[Pair]
    write: Callable[[float], str]
    """A value on the axis."""
    tick: Callable[[datetime], str]
    """A day on the axis."""
    line: tuple[Pair, Pair] | None = None
    """The trend's two ends."""
    levels: Sequence[Level] = ()
    breaks: Sequence[datetime] = ()
    marks: Sequence[Pair] = ()
    ahead: Sequence[Band] = ()
    from_zero: bool = False
    """Whether the axis begins at zero, as it has to for counts."""


def series(given: Series, name: str) -> str:
    """The chart of one metric."""
    with house.drawing():
        drawn = house.figure(WIDTH, HEIGHT)
        panel = house.axes(drawn, _LEFT, _TOP, WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM)
        begin = min(at for at, _ in [*given.points, *((each.at, each.value) for each in given.ahead)])
        x = _Days(begin)
        _frame(panel, given, x)
        _past(panel, given, x)
        _future(panel, given, x)
        return house.svg(drawn, name, given.title)


@dataclass(frozen=True)
class _Days:
    """Time as days since a series' begin."""

    begin: datetime

    def __call__(self, at: datetime) -> float:
        return (at - self.begin) / _DAY


def _frame(panel: Axes, given: Series, x: _Days) -> None:
    times = [at for at, _ in given.points] + [each.at for each in given.ahead]
    values = [value for _, value in given.points] + [edge for each in given.ahead for edge in (each.low, each.high)]
    values += [each.value for each in given.levels] + ([0.0] if given.from_zero else [])
    low, high = min(values), max(values)
    margin = 0.08 * (high - low) or max(abs(high), 1.0) * 0.1
    panel.set_ylim(low if given.from_zero else low - margin, high + margin)
    last = x(max(times))
    panel.set_xlim(-0.02 * last, 1.02 * last) if last else panel.set_xlim(-1, 1)
    panel.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: given.write(value)))
    panel.grid(axis="y")
    _ticks(panel, given, last, x)


def _ticks(panel: Axes, given: Series, last: float, x: _Days) -> None:
    """Three days under the axis: its ends and its middle; one where the series is that short."""
    middle = math.floor(last / 2)
    days = sorted({0.0, float(middle), last}) if last >= 4 else sorted({0.0, last})
    panel.set_xticks(days, [given.tick(x.begin + each * _DAY) for each in days])
    labels = panel.get_xticklabels()
    # The outer ones stay within the plot.
    labels[0].set_horizontalalignment("left")
    labels[-1].set_horizontalalignment("right" if len(days) > 1 else "center")


def _past(panel: Axes, given: Series, x: _Days) -> None:
    for at in given.breaks:
        panel.axvline(x(at), color=house.LOW, linewidth=1.5, linestyle=(0, (4, 3)))
    places, values = [x(at) for at, _ in given.points], [value for _, value in given.points]
    crowded = len(places) > 45
    panel.plot(
        places, values, "-o", color=house.ACCENT, linewidth=1.4, markersize=0 if crowded else 4, markeredgewidth=0,
        alpha=0.75 if given.levels or given.line else 1.0,
    )  # fmt: skip
    if given.line:
        panel.plot(*_xy(given.line, x), color=house.INK, linewidth=1.5, linestyle=(0, (6, 3)))
    for level in given.levels:
        panel.plot([x(level.begin), x(level.end)], [level.value, level.value], color=house.INK, linewidth=2.5)
    panel.plot(
        *_xy(given.marks, x), "o", color=house.LOW, markersize=10, markerfacecolor="none", markeredgewidth=2,
        clip_on=False,
    )  # fmt: skip


def _future(panel: Axes, given: Series, x: _Days) -> None:
    if not given.ahead:
        return
    joint = [Band(at=at, value=value, low=value, high=value) for at, value in given.points[-1:]]
    band = [*joint, *given.ahead]
    places = [x(each.at) for each in band]
    panel.fill_between(
        places, [each.low for each in band], [each.high for each in band], color=house.ACCENT, alpha=0.2, linewidth=0
    )
    panel.plot(places, [each.value for each in band], color=house.ACCENT, linewidth=2, linestyle=(0, (2, 2)))


def _xy(pairs: Sequence[Pair], x: _Days) -> tuple[list[float], list[float]]:
    return [x(at) for at, _ in pairs], [value for _, value in pairs]
