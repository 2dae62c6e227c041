"""How scores and volume moved: robust slopes and rank tests by day or week."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from millrace.analytics.domain.estimates import LEVEL, Floats, estimate, p_rounded, rounded
from millrace.analytics.domain.ratings import of_scale
from millrace.analytics.domain.series import span_of
from millrace.contracts.insights import Estimate, Point, Trend, Trends
from millrace.contracts.records import Scale

MIN_DAYS, MIN_WEEKS = 14, 8
"""Fewer periods say nothing about a trend."""
MAX_DAYS = 91
"""A longer span is told by week: a quarter fits a chart."""
NEGLIGIBLE = 0.05
"""A change over the whole span within this share of the scale (of the mean volume) counts as none."""
VOLUME = "volume"

_PERIODS = {"day": "D", "week": "W-SUN"}


@dataclass(frozen=True)
class _Series:
    """One metric by period: position of the period, its start, value and n."""

    metric: str
    frame: pd.DataFrame
    scale: float
    """What a change is measured against."""


def measure_trends(ratings: pd.DataFrame) -> Trends:
    """The mean of every rating scale and the number of rated records, by day or week (UTC, weeks begin on Monday).

    Needs 14 days or 8 weeks with ratings; with fewer, the points are told without a slope and the note says why. A
    date far from all others, or older than five years before the last, is left out and counted.
    """
    dated = ratings.dropna(subset=["created_at"])
    span = span_of([dated["created_at"]])
    if span is None:
        return Trends(note="no dates in this batch")
    outside = span.outside(dated["created_at"])
    dated = dated[span.positions(dated["created_at"]) >= 0]
    period = _period(dated)
    least = MIN_DAYS if period == "day" else MIN_WEEKS
    starts = dated["created_at"].dt.tz_localize(None).dt.to_period(_PERIODS[period])
    kinds = sorted(dated["kind"].unique())
    series = [_means(of_scale(dated, Scale(kind)), starts, Scale(kind)) for kind in kinds]
    trends = tuple(_trend(each, period, least) for each in (*series, _volume(starts)))
    enough = any(trend.slope is not None for trend in trends)
    short = [] if enough else [f"too few periods: {starts.nunique()} {period}s with ratings, a trend needs {least}"]
    return Trends(series=trends, note="; ".join([*short, *outside]))


def _period(dated: pd.DataFrame) -> str:
    times = dated["created_at"]
    if (times.max() - times.min()).days > MAX_DAYS:
        return "week"
    days = times.dt.floor("D").nunique()
    weeks = times.dt.tz_localize(None).dt.to_period(_PERIODS["week"]).nunique()
    return "week" if days < MIN_DAYS and weeks >= MIN_WEEKS else "day"


def _means(ratings: pd.DataFrame, starts: pd.Series, scale: Scale) -> _Series:
    grouped = ratings.groupby(starts.loc[ratings.index])["raw"].agg(["mean", "size"])
    frame = pd.DataFrame({"value": grouped["mean"], "n": grouped["size"]})
    low, high = scale.bounds
    return _Series(f"mean_{scale.value}", frame, high - low)


def _volume(starts: pd.Series) -> _Series:
    counts = starts.value_counts()
    every = pd.period_range(starts.min(), starts.max(), freq=starts.dt.freq)
    counts = counts.reindex(every, fill_value=0)
    frame = pd.DataFrame({"value": counts.astype(float), "n": counts})
    return _Series(VOLUME, frame, max(1.0, float(counts.mean())))


def _trend(series: _Series, period: str, least: int) -> Trend:
    frame = series.frame
    points = tuple(
        Point(at=start.start_time.tz_localize("UTC").to_pydatetime(), value=rounded(value), n=int(n))
        for start, value, n in zip(frame.index, frame["value"], frame["n"], strict=True)
    )
    # The export began and ended somewhere within its first and last period, so their volume is cut off.
    tested = frame.iloc[1:-1] if series.metric == VOLUME else frame
    if len(tested) < least:
        return Trend(metric=series.metric, period=period, points=points)
    positions = np.array([start.ordinal for start in tested.index], dtype=np.float64)
    slope, p_value = _slope(positions - positions[0], tested["value"].to_numpy(dtype=np.float64))
    span = float(positions[-1] - positions[0])
    return Trend(
        metric=series.metric, period=period, points=points, slope=slope, p_value=p_rounded(p_value),
        direction=_direction(slope, p_value, NEGLIGIBLE * series.scale / span),
    )  # fmt: skip


def _slope(positions: Floats, levels: Floats) -> tuple[Estimate, float]:
    """Theil-Sen slope with its interval (Sen 1968) and the p-value of Mann-Kendall: that of Kendall's tau with time."""
    if np.ptp(levels) == 0:
        return estimate(0.0, 0.0, 0.0, len(levels), "theil-sen"), 1.0
    slope, _, low, high = stats.theilslopes(levels, positions, alpha=LEVEL)
    p_value = float(stats.kendalltau(positions, levels).pvalue)
    return estimate(slope, low, high, len(levels), "theil-sen"), p_value


def _direction(slope: Estimate, p_value: float, negligible: float) -> str:
    """`flat` claims that there is no change worth the name; `unclear` that the data cannot tell."""
    if p_value < 1 - LEVEL and slope.value != 0:
        return "up" if slope.value > 0 else "down"
    return "flat" if max(abs(slope.low), abs(slope.high)) <= negligible else "unclear"
