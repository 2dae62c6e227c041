"""When something changed for good, and which days stand out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from millrace.analytics.domain import estimates
from millrace.analytics.domain.anomalies import Outlier, find_outliers
from millrace.analytics.domain.estimates import LEVEL, Floats, estimate, p_rounded, rounded
from millrace.analytics.domain.measures import measure
from millrace.analytics.domain.series import Kind, Series, Span
from millrace.analytics.domain.steps import ALPHA, MIN_PERIODS, MIN_SEGMENT, Step, find_steps, levels, spikes
from millrace.analytics.domain.words import counted
from millrace.contracts.insights import Anomaly, ChangePoint, Changes, Estimate

EVIDENCE = 10
MOST = 20
"""Change points and anomalies that are told, each."""


def find_changes(ratings: pd.DataFrame, annotations: pd.DataFrame, hourly: pd.DataFrame | None = None) -> Changes:
    """Change points and anomalies of volume, mean ratings, net sentiment and themes; the surest first.

    The tables are those of their contracts. p-values are adjusted over all metrics (Holm 1979): with nothing going
    on, one batch in twenty at most shows any change point. Needs 14 periods; what could not be done is in the note.
    """
    measures = measure(ratings, annotations, hourly)
    if measures is None:
        return Changes(note="no dates in this batch")
    span, tested = measures.span, [each for each in measures.series if len(each.total) >= MIN_PERIODS]
    if not tested:
        return Changes(periods=span.periods, note="; ".join([_too_short(span), *measures.outside]))
    found = [(series, find_steps(series, span.weekdays[series.offset :][: len(series.total)])) for series in tested]
    points, places = [], []
    for series, steps in _adjusted(found):
        cuts = [step.at for step in steps]
        places.append((series, cuts))
        points += [_change_point(series, step, cuts, span) for step in steps]
    outliers = find_outliers(places, span.unit)
    return Changes(
        change_points=tuple(sorted(points, key=_rank)[:MOST]),
        anomalies=tuple(_anomaly(each, span) for each in outliers[:MOST]),
        periods=span.periods,
        metrics=len(tested),
        note="; ".join([*_constant(tested), *measures.outside]),
    )


def _adjusted(found: Sequence[tuple[Series, list[Step]]]) -> list[tuple[Series, list[Step]]]:
    """Only the steps that stand, with adjusted p-values; a series without a candidate counts as one that failed."""
    p_values = np.array([step.p_value for _, steps in found for step in steps])
    quiet = sum(1 for _, steps in found if not steps)
    adjusted = iter(holm(p_values, len(p_values) + quiet))
    stand = [(series, [Step(at=each.at, p_value=float(next(adjusted))) for each in steps]) for series, steps in found]
    return [(series, [step for step in steps if step.p_value < ALPHA]) for series, steps in stand]


def holm(p_values: Floats, tests: int) -> Floats:
    """p-values adjusted for that many tests, of which those not given are 1 (Holm 1979).

    Not by statsmodels, whose function collects garbage on every call: 70 ms in a worker.
    """
    order = np.argsort(p_values, kind="stable")
    adjusted = np.maximum.accumulate(p_values[order] * (tests - np.arange(len(order))))
    found = np.empty_like(adjusted)
    found[order] = np.minimum(adjusted, 1.0)
    return found


def _change_point(series: Series, step: Step, cuts: Sequence[int], span: Span) -> ChangePoint:
    start = max((cut for cut in cuts if cut < step.at), default=0)
    end = min((cut for cut in cuts if cut > step.at), default=len(series.total))
    before, after = (_level(series, cuts, *bounds) for bounds in ((start, step.at), (step.at, end)))
    difference = estimates.difference(after, before)
    first_days = range(step.at, min(end, step.at + MIN_SEGMENT))
    return ChangePoint(
        metric=series.metric, label=series.label, at=span.begin(step.at + series.offset), before=before, after=after,
        difference=difference, p_value=p_rounded(step.p_value),
        evidence=series.evidence(first_days, 1 if difference.value > 0 else -1, EVIDENCE),
    )  # fmt: skip


def _level(series: Series, cuts: Sequence[int], start: int, end: int) -> Estimate:
    """The level over the periods from `start` to before `end`, single periods that stand out left aside."""
    inside = np.zeros(len(series.total), dtype=bool)
    inside[start:end] = True
    inside &= ~spikes(series) & (series.size > 0)
    total, size = float(series.total[inside].sum()), float(series.size[inside].sum())
    if series.kind is Kind.SHARE:
        return estimates.share(round(total), round(size))
    if series.kind is Kind.MEAN:
        own = inside[series.records["position"].to_numpy() - series.offset]
        return estimates.mean(series.records["value"].to_numpy(dtype=np.float64)[own], series.bounds)
    return _rate(series, cuts, inside)


def _rate(series: Series, cuts: Sequence[int], inside: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Estimate:
    """Records per day: Garwood's interval (1936) of as many records as these are worth given their dispersion."""
    total, size = float(series.total[inside].sum()), float(series.size[inside].sum())
    usual = levels(series, inside.astype(np.float64), cuts)[inside] * series.size[inside]
    pearson = (series.total[inside] - usual) ** 2 / np.maximum(usual, 1e-12)
    spread = max(1.0, float(pearson.sum()) / max(1, int(inside.sum()) - 1))
    tail, worth = (1 - LEVEL) / 2, total / spread
    low = stats.chi2.ppf(tail, 2 * worth) / 2 if worth > 0 else 0.0
    high = stats.chi2.isf(tail, 2 * worth + 2) / 2
    factor = spread / size
    return estimate(total / size, low * factor, high * factor, round(total), "quasi-poisson")


def _anomaly(outlier: Outlier, span: Span) -> Anomaly:
    series, i = outlier.series, outlier.position
    rate = outlier.expected * (series.size[i] if series.kind is Kind.COUNT else 1.0)
    value = series.total[i] if series.kind is Kind.COUNT else series.rates[i]
    n = series.total[i] if series.kind is Kind.COUNT else series.size[i]
    return Anomaly(
        metric=series.metric, label=series.label, at=span.begin(i + series.offset), value=rounded(value),
        expected=rounded(rate), score=rounded(outlier.score), n=round(n),
        evidence=series.evidence([i], 1 if outlier.score > 0 else -1, EVIDENCE),
    )  # fmt: skip


def _rank(point: ChangePoint) -> tuple[float, float, str, str]:
    """By p-value, and as many share the lowest that can be had, by how far apart the levels are."""
    width = point.difference.high - point.difference.low
    return point.p_value, -abs(point.difference.value) / width, point.metric, point.at.isoformat()


def _too_short(span: Span) -> str:
    if span.periods >= MIN_PERIODS:
        return "too few records for any metric"
    return f"too few periods: {counted(span.periods, span.unit)}, changes need {MIN_PERIODS}"


def _constant(tested: Sequence[Series]) -> list[str]:
    return [f"{each.label} never varies" for each in tested if each.variance <= 0]
