"""Single periods that stand out from their surroundings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import xlogy
from statsmodels.tsa.seasonal import STL  # type: ignore[import-untyped]

from millrace.analytics.domain.estimates import Floats
from millrace.analytics.domain.series import DAY, Kind, Series
from millrace.analytics.domain.steps import MIN_PERIODS, levels, scores, spikes

ALPHA = 0.02
"""Chance of any anomaly at all in a batch in which nothing happens."""
MIN_SIZE = 5
"""A day's share or mean over fewer records is not compared."""
MIN_STL_DAYS = 28
NEAR = 2
"""So many periods around a change point belong to either level: the day of a change is not known better."""

_WEEK = 7
_TREND_DAYS = 29
"""Window of the trend: slower than anything that lasts a week, faster than a quarter."""
_MAD = 1.4826
"""From a median absolute deviation to a normal distribution's standard deviation."""


@dataclass(frozen=True, kw_only=True)
class Outlier:
    """A period of a series that stands out."""

    series: Series
    position: int
    """Within the series."""
    expected: float
    """The rate that the surroundings let expect."""
    score: float


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the days around a period let expect of it."""

    rates: Floats
    error: Floats
    """By how much their own uncertainty widens a distance from them, by period."""


def find_outliers(found: Sequence[tuple[Series, Sequence[int]]], unit: str) -> list[Outlier]:
    """The periods that stand out in series whose level changes at these positions; the farthest out first.

    Scores are signed roots of deviances, which are near normal for small counts too, in median absolute deviations
    where the series varies more than its model. The threshold is Bonferroni's over all periods of all series.
    """
    long = [(series, changes) for series, changes in found if len(series.total) >= MIN_PERIODS and series.variance > 0]
    judged = [(series, surroundings(series, changes, unit)) for series, changes in long]
    periods = sum(int(_comparable(series).sum()) for series, _ in judged)
    if periods == 0:
        return []
    threshold = float(stats.norm.isf(ALPHA / 2 / periods))
    outliers = [outlier for series, around in judged for outlier in _beyond(series, around, threshold)]
    return sorted(outliers, key=lambda each: (-abs(each.score), each.series.metric, each.position))


def _beyond(series: Series, around: Surroundings, threshold: float) -> list[Outlier]:
    there, rates = _comparable(series), around.rates
    if not there.any():
        return []
    apart = scores(series, rates)
    spread = max(1.0, _MAD * float(np.median(np.abs(apart[there]))))
    apart = _overdispersed(series, rates, spread) if series.kind is Kind.COUNT and spread > 1 else apart / spread
    apart = apart / around.error
    return [
        Outlier(series=series, position=int(i), expected=float(rates[i]), score=float(apart[i]))
        for i in np.flatnonzero(there & (np.abs(apart) > threshold))
    ]


def _overdispersed(series: Series, rates: Floats, spread: float) -> Floats:
    """Scores of counts that vary more than Poisson's: signed roots of negative-binomial deviances.

    The variance is m + k m² (Hilbe 2011, 8.2), k from the spread of the scores: dividing by the spread alone would
    keep Poisson's short tail.
    """
    y, m = series.total, np.maximum(rates * series.size, 1e-9)
    k = (spread**2 - 1) / float(np.mean(m))
    found = 2 * (xlogy(y, y / m) - (y + 1 / k) * np.log((1 + k * y) / (1 + k * m)))
    return np.asarray(np.sign(y - m) * np.sqrt(np.maximum(found, 0.0)))


def _comparable(series: Series) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return series.size > 0 if series.kind is Kind.COUNT else series.size >= MIN_SIZE


def surroundings(series: Series, changes: Sequence[int], unit: str) -> Surroundings:
    """The rate that each period would have if nothing stood out: its level, and in dense daily series the season.

    Season and slow trend are those of a robust STL (Cleveland et al. 1990) of what the levels leave. In sparse or
    short series they would be noise. What stands out has no say in them, so that it is a prediction from the others:
    one part in as many weeks uncertain for the season, one in half a window for the trend.
    """
    weights = np.where(spikes(series), 0.0, 1.0)
    level = _nearest(series, levels(series, weights, changes), changes)
    if unit != DAY or len(level) < MIN_STL_DAYS or not _is_dense(series):
        return Surroundings(rates=level, error=_error(series, weights, 0.0))
    rest = np.nan_to_num(series.rates - level)
    # A season that never changes (degree 0, a window beyond the series) takes six degrees of freedom, not thirty.
    stl = STL(rest, period=_WEEK, seasonal=10 * len(rest) + 1, seasonal_deg=0, trend=_TREND_DAYS, robust=True).fit()
    rates = np.clip(level + stl.seasonal + stl.trend, *series.bounds)
    return Surroundings(rates=np.asarray(rates), error=_error(series, weights, _WEEK / len(rest) + 2 / _TREND_DAYS))


def _error(series: Series, weights: Floats, days: float) -> Floats:
    """Of a distance in units of the period's own: the level rests on all records, the season on so many parts of a day.

    A day with very many records is known better than what it is compared with.
    """
    size = np.where(series.size > 0, series.size, np.nan)
    return np.asarray(np.sqrt(1 + size * (1 / float(series.size @ weights) + days / np.nanmedian(size))))


def _is_dense(series: Series) -> bool:
    usual = np.median(series.total if series.kind is not Kind.MEAN else series.size)
    return bool(usual >= MIN_SIZE)


def _nearest(series: Series, level: Floats, changes: Sequence[int]) -> Floats:
    """The levels, but near a change point of either side's the one that is nearer to the value."""
    found, rates = level.copy(), series.rates
    for change in changes:
        before, after = level[change - 1], level[change]
        near = slice(max(0, change - NEAR), change + NEAR)
        own = rates[near]
        found[near] = np.where(np.abs(own - before) <= np.abs(own - after), before, after)
    return found
