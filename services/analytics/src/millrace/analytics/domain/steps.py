"""Where the level of a series changes for good, and whether chance could have made it look so."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import ruptures  # type: ignore[import-untyped]
from numpy.typing import NDArray
from ruptures.base import BaseCost  # type: ignore[import-untyped]
from scipy import ndimage
from scipy.special import xlogy

from millrace.analytics.domain.bootstrap import SEED
from millrace.analytics.domain.estimates import Floats
from millrace.analytics.domain.series import Ints, Kind, Series

ALPHA = 0.02
"""Chance of any change point at all in a batch in which nothing happens: a false alarm costs a team a day."""
MIN_PERIODS = 14
MIN_SEGMENT = 5
"""Periods at a level. What is over sooner is an excursion: its days are anomalies."""
PERMUTATIONS = 2_999
"""So many that the lowest p-value stands among sixty metrics."""
FIRST_PERMUTATIONS = 199
"""After these chance may already have done as well too often (Besag & Clifford 1991)."""
HOPELESS = 0.2
FEW_WEEKS = 4
"""With fewer weeks than these there are too few days of each weekday to permute."""
SPIKE = 4.0
"""Robust z beyond which a single period has no say in where the level changes."""

_AROUND = 9
"""Periods of the running median: a level of five and more shows in it, a shorter excursion does not."""
_CHI2_MEDIAN = 0.4549
"""Of the chi-square distribution with one degree of freedom."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A candidate change of level."""

    at: int
    """First period at the new level."""
    p_value: float


def deviance(kind: Kind, total: Floats, expected: Floats, size: Floats, variance: float) -> Floats:
    """Twice the log-likelihood ratio of the observed totals against the expected ones.

    Poisson for counts, binomial for shares, normal with a known variance per record for means (McCullagh & Nelder
    1989, 2.3).
    """
    if kind is Kind.MEAN:
        return np.divide((total - expected) ** 2, size * variance, out=np.zeros_like(total), where=size > 0)
    surplus = xlogy(total, np.divide(total, expected, out=np.ones_like(total), where=expected > 0))
    if kind is Kind.COUNT:
        return np.maximum(0.0, 2 * (surplus - (total - expected)))
    rest, expected_rest = size - total, size - expected
    surplus += xlogy(rest, np.divide(rest, expected_rest, out=np.ones_like(total), where=expected_rest > 0))
    return np.maximum(0.0, 2 * surplus)


def scores(series: Series, rates: Floats) -> Floats:
    """Signed roots of the deviances from these expected rates: near standard normal, even for small counts."""
    expected = rates * series.size
    found = deviance(series.kind, series.total, expected, series.size, series.variance)
    return np.asarray(np.sign(series.total - expected) * np.sqrt(found))


def spikes(series: Series) -> NDArray[np.bool_]:
    """Periods that stand out from the days around them as well as from the whole: they must not look like a level."""
    rates = series.rates
    overall = series.total.sum() / series.size.sum()
    known = np.where(np.isnan(rates), overall, rates)
    around = ndimage.median_filter(known, size=_AROUND, mode="mirror")
    apart = np.minimum(np.abs(scores(series, around)), np.abs(scores(series, np.full_like(known, overall))))
    return np.asarray(apart > SPIKE * math.sqrt(dispersion(series)))


def dispersion(series: Series) -> float:
    """How much more neighbouring periods differ than their model says; at least 1. Robust against steps."""
    there = series.size > 0
    rates, sizes = series.rates[there], series.size[there]
    if len(rates) < 2:
        return 1.0
    squares = np.diff(rates) ** 2 / (series.variance * (1 / sizes[1:] + 1 / sizes[:-1]))
    return max(1.0, float(np.median(squares) / _CHI2_MEDIAN))


class _Segments(BaseCost):  # type: ignore[misc]
    """The deviance of every segment from its own level, looked up by PELT."""

    model = "deviance"
    min_size = MIN_SEGMENT

    def __init__(self, series: Series, weights: Floats) -> None:
        sums, sizes = (np.concatenate([[0.0], np.cumsum(each * weights)]) for each in (series.total, series.size))
        total, size = sums[None, :] - sums[:, None], np.maximum(sizes[None, :] - sizes[:, None], 0.0)
        self._costs = _cost(series, np.maximum(total, 0.0) if series.kind is not Kind.MEAN else total, size).tolist()
        self.signal = series.total[:, None]

    def fit(self, signal: Floats) -> "_Segments":
        return self

    def error(self, start: int, end: int) -> float:
        return float(self._costs[start][end])


def _cost(series: Series, total: Floats, size: Floats) -> Floats:
    """Minus twice the log-likelihood of segments at their own level, but for what is the same in every partition."""
    rates = np.divide(total, size, out=np.zeros_like(total), where=size > 0)
    if series.kind is Kind.MEAN:
        return np.asarray(-total * rates / series.variance)
    cost = -2 * xlogy(total, rates)
    if series.kind is Kind.SHARE:
        cost -= 2 * xlogy(size - total, np.maximum(1 - rates, 0.0))
    return np.asarray(cost)


def find_steps(series: Series, weekdays: Ints) -> list[Step]:
    """Candidate steps with their p-values, not yet adjusted; none in a short or constant series.

    The whole series is tested first, and its parts only where it was split: windows that the search itself has chosen
    would look like more than they are.
    """
    if len(series.total) < MIN_PERIODS or series.variance <= 0:
        return []
    weights = np.where(spikes(series), 0.0, 1.0)
    search = _Search(series, weights, weekdays)
    found = search.steps(0, len(weights), 0.0)
    stand = [step for step in found if step.p_value < ALPHA]
    cuts = [0, *(step.at for step in stand), len(weights)]
    for i in range(1, len(cuts) - 1):
        # Where a neighbour fell, the likeliest place between those that remain may be another.
        cuts[i] = search.place(cuts[i - 1], cuts[i + 1])
    placed = [replace(step, at=at) for step, at in zip(stand, cuts[1:-1], strict=True)]
    return sorted([*placed, *(step for step in found if step.p_value >= ALPHA)], key=lambda step: step.at)


class _Search:
    """Splits a series at its candidates, the strongest first.

    Candidates are PELT's (Killick, Fearnhead & Eckley 2012). The cost is the deviance of the series' own
    distribution, so that a period counts by its records; the penalty is BIC's for a level and a place, 2 log T, times
    the dispersion. It lets some noise pass, which the test is for.
    """

    def __init__(self, series: Series, weights: Floats, weekdays: Ints) -> None:
        self._series, self._weights, self._weekdays = series, weights, weekdays
        self._segments = _Segments(series, weights)
        penalty = 2 * math.log(len(weights)) * dispersion(series)
        search = ruptures.Pelt(custom_cost=self._segments, min_size=MIN_SEGMENT, jump=1)
        self._candidates = [int(end) for end in search.fit(self._segments.signal).predict(pen=penalty)[:-1]]
        self._slack = _slack(series, weights, self._candidates)

    def steps(self, start: int, end: int, parent: float) -> list[Step]:
        """The steps of a window in the order of time; no p-value is below that of the window it came from."""
        inside = [at for at in self._candidates if start + MIN_SEGMENT <= at <= end - MIN_SEGMENT]
        if not inside or end - start < MIN_PERIODS:
            return []
        at = min(inside, key=lambda at: (self._cost(start, at, end), at))
        if not _is_no_slope(self._series, self._weights, start, at, end):
            return []
        window = slice(start, end)
        p_value = max(parent, _p_value(self._series, self._weights, self._weekdays, window, self._slack))
        step = Step(at=at, p_value=p_value)
        if p_value >= ALPHA:
            return [step]
        return [*self.steps(start, at, p_value), step, *self.steps(at, end, p_value)]

    def place(self, start: int, end: int) -> int:
        """The likeliest first period of the new level between two cuts."""
        return min(range(start + MIN_SEGMENT, end - MIN_SEGMENT + 1), key=lambda at: (self._cost(start, at, end), at))

    def _cost(self, start: int, at: int, end: int) -> float:
        return self._segments.error(start, at) + self._segments.error(at, end)


def _slack(series: Series, weights: Floats, found: Sequence[int]) -> float:
    """How much less the periods say than as many independent ones: (1 + r) / (1 - r), r their lag-1 correlation.

    After Bayley & Hammersley (1946). Of the residuals around the levels; 1 unless the correlation is beyond chance.
    """
    z = scores(series, levels(series, weights, found)) * weights
    r = float(z[1:] @ z[:-1]) / max(float(z @ z), 1e-12)
    return (1 + r) / (1 - r) if r > 2 / math.sqrt(len(z)) else 1.0


def levels(series: Series, weights: Floats, found: Sequence[int]) -> Floats:
    """The rate of each period's segment."""
    bounds = np.array([0, *found])
    totals = np.add.reduceat(series.total * weights, bounds)
    sizes = np.add.reduceat(series.size * weights, bounds)
    rates = np.divide(totals, sizes, out=np.zeros_like(totals), where=sizes > 0)
    return np.repeat(rates, np.diff([*bounds, len(weights)]))


def _is_no_slope(series: Series, weights: Floats, start: int, at: int, end: int) -> bool:
    """Whether a step explains the window better than a straight line, which is no change at any one day."""
    window = slice(start, end)
    size, x = (series.size * weights)[window], np.arange(end - start, dtype=np.float64)
    there = size > 0
    if there.sum() < MIN_PERIODS // 2:
        return False
    rates, root = series.rates[window][there], np.sqrt(size[there])
    step = np.where(x[there] < at - start, 1.0, 0.0)
    line, stairs = (_misfit(each, rates, root) for each in (x[there], step))
    return stairs <= line


def _misfit(column: Floats, rates: Floats, root: Floats) -> float:
    design = np.column_stack([np.ones_like(column), column]) * root[:, None]
    solution, *_ = np.linalg.lstsq(design, rates * root, rcond=None)
    return float(np.sum((rates * root - design @ solution) ** 2))


def _p_value(series: Series, weights: Floats, weekdays: Ints, window: slice, slack: float) -> float:
    """How often days in random order would hold a split as strong as the strongest of this window.

    The maximum over all splits is compared, so that having searched for the day costs what it must. Days are permuted
    within their weekday (under four weeks within working days and weekends), as a weekday's habit is no change.
    The p-value counts the observed order among the random ones (Phipson & Smyth 2010).
    """
    total, size = (series.total * weights)[window], (series.size * weights)[window]
    days = weekdays[window]
    strata = days if len(days) >= 7 * FEW_WEEKS else np.where(days >= 5, 1, 0)
    observed = _strongest(total[None, :], size[None, :])[0] / slack * (1 - 1e-9)
    rng, exceeded, drawn = np.random.default_rng(SEED), 0, 0
    for count in (FIRST_PERMUTATIONS, PERMUTATIONS - FIRST_PERMUTATIONS):
        order = _permutations(strata, count, rng)
        exceeded, drawn = exceeded + int(np.sum(_strongest(total[order], size[order]) >= observed)), drawn + count
        if exceeded > HOPELESS * drawn:
            break
    return (1 + exceeded) / (1 + drawn)


def _permutations(strata: Ints, count: int, rng: np.random.Generator) -> Ints:
    order = np.tile(np.arange(len(strata)), (count, 1))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        order[:, members] = rng.permuted(order[:, members], axis=1)
    return order


def _strongest(total: Floats, size: Floats) -> Floats:
    """The largest squared difference of levels over all splits, in units of its variance (up to a constant)."""
    sums, sizes = np.cumsum(total, axis=1), np.cumsum(size, axis=1)
    all_sum, all_size = sums[:, -1:], sizes[:, -1:]
    left, n = sums[:, MIN_SEGMENT - 1 : -MIN_SEGMENT], sizes[:, MIN_SEGMENT - 1 : -MIN_SEGMENT]
    spread = n * (all_size - n)
    surplus = (left * all_size - n * all_sum) ** 2
    return np.asarray(np.divide(surplus, spread, out=np.zeros_like(surplus), where=spread > 0).max(axis=1))
