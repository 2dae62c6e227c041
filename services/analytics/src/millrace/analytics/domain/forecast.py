"""The next days of volume and scores, by the method that told the last weeks best."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from millrace.analytics.domain.estimates import Floats, rounded
from millrace.analytics.domain.forecasters import NAIVE, WEEK, Forecaster, methods, seasonal_naive, tamed
from millrace.analytics.domain.ratings import main_scale, of_scale
from millrace.analytics.domain.series import DAY, Ints, Span, span_of
from millrace.analytics.domain.words import counted
from millrace.contracts.insights import Forecast, ForecastPoint, Forecasts

HORIZON = 7
LEVEL = 0.8
MIN_DAYS = 28
HISTORY = 17 * WEEK
"""Days that are looked back on at most."""
MIN_TRAIN = 16
"""Days that the fitted method needs to begin with."""
ORIGINS, STRIDE = 14, 2
"""The back-test looks ahead from so many days at most, every other one over four weeks."""
MIN_FILLED = 0.5
"""Share of the days that need a rating, and of the last `MIN_TRAIN`: the back-test's errors are those of these."""

_ANY_DAYS = 100_000


@dataclass(frozen=True, kw_only=True)
class _Past:
    """A metric by day."""

    metric: str
    values: Floats
    """NaN on days without any."""
    lead: int
    """Days between the last value and the first to be forecast."""
    bounds: tuple[float, float]
    is_count: bool = False

    @property
    def steady(self) -> Floats:
        """The values with the gaps filled by the same weekday before: what is known on a day, and no later."""
        filled = self.values.copy()
        start = filled[:MIN_TRAIN]
        first = float(np.nanmean(start)) if not np.isnan(start).all() else float(np.nanmean(filled))
        for i in np.flatnonzero(np.isnan(filled)):
            filled[i] = filled[i - WEEK] if i >= WEEK else first
        return filled

    def even(self, values: Floats) -> Floats:
        """On a scale where errors are alike: the root of a count, whose variance grows with its mean."""
        return np.sqrt(np.maximum(values, 0.0)) if self.is_count else values

    def uneven(self, values: Floats) -> Floats:
        """Back from it."""
        return np.maximum(values, 0.0) ** 2 if self.is_count else values


@dataclass(frozen=True, kw_only=True)
class _BackTest:
    """What a method said, and what came: (origins, horizon), NaN where nothing came."""

    said: Floats
    came: Floats
    day: Ints

    @property
    def error(self) -> float:
        """Mean absolute error."""
        return float(np.nanmean(np.abs(self.said - self.came)))


def make_forecasts(ratings: pd.DataFrame, hourly: pd.DataFrame | None = None) -> Forecasts:
    """Seven days of volume and of the main scale's mean rating, each with 80 % intervals.

    Volume is that of the hourly table where there is one, else of the rated records. A method is used when its errors
    were smaller than the seasonal-naive forecast's in a back-test with a rolling origin. What could not be forecast,
    and why, is in the note.
    """
    hours = None if hourly is None or hourly.empty else hourly
    times = [ratings["created_at"], *([] if hours is None else [hours["hour"]])]
    span = span_of(times, max_days=_ANY_DAYS)
    if span is None:
        return Forecasts(note="no dates in this batch")
    if span.periods < MIN_DAYS + 2:
        return Forecasts(
            note=f"too little history: {counted(span.periods, DAY)}, a forecast needs {MIN_DAYS} whole ones"
        )
    rating, note = _mean_rating(ratings, span)
    found = [_volume(ratings, hours, span), *([rating] if rating else [])]
    notes = [*([note] if note else []), *span.outside(ratings["created_at"])]
    return Forecasts(series=tuple(_forecast(each, span) for each in found), note="; ".join(notes))


def _volume(ratings: pd.DataFrame, hours: pd.DataFrame | None, span: Span) -> _Past:
    """Records by day, without the first and the last: the export began and ended somewhere within them."""
    positions = span.positions(ratings["created_at"] if hours is None else hours["hour"])
    weights = np.ones(len(positions)) if hours is None else hours["records"].to_numpy(dtype=np.float64)
    inside = positions >= 0
    counts = np.bincount(positions[inside], weights=weights[inside], minlength=span.periods).astype(np.float64)
    return _Past(metric="volume", values=counts[1:-1][-HISTORY:], lead=1, bounds=(0.0, math.inf), is_count=True)


def _mean_rating(ratings: pd.DataFrame, span: Span) -> tuple[_Past | None, str]:
    """Mean rating by day, or why there is none to forecast."""
    scale = main_scale(ratings.dropna(subset=["created_at"]))
    if scale is None:
        return None, "no dated ratings"
    own = of_scale(ratings, scale)
    positions = span.positions(own["created_at"])
    inside = positions >= 0
    counts = np.bincount(positions[inside], minlength=span.periods).astype(np.float64)
    sums = np.bincount(positions[inside], weights=own["raw"][inside], minlength=span.periods)
    means = np.divide(sums, counts, out=np.full(span.periods, np.nan), where=counts > 0)[-HISTORY:]
    rated = int(np.sum(~np.isnan(means)))
    recent = int(np.sum(~np.isnan(means[-MIN_TRAIN:])))
    if rated < MIN_DAYS or rated < MIN_FILLED * len(means):
        return None, f"too few ratings by day: {rated} of the last {len(means)} days have any"
    if recent < MIN_FILLED * MIN_TRAIN:
        return None, f"too few ratings by day: {recent} of the last {MIN_TRAIN} days have any"
    if np.nanmax(means) == np.nanmin(means):
        return None, "all ratings are the same"
    return _Past(metric=f"mean_{scale.value}", values=means, lead=0, bounds=scale.bounds), ""


def _forecast(past: _Past, span: Span) -> Forecast:
    steady = past.steady
    origins = np.arange(len(steady) - HORIZON - past.lead, MIN_TRAIN - 1, -STRIDE)[:ORIGINS][::-1]
    naive = _back_test(past, seasonal_naive, origins, tame=False)
    tests = {name: _back_test(past, method, origins) for name, method in methods(steady[: origins[0]]).items()}
    best = min(tests, key=lambda name: tests[name].error)
    won = tests[best].error < naive.error
    test, name = (tests[best], best) if won else (naive, NAIVE)
    said = _ahead(past, methods(steady)[best] if won else seasonal_naive, steady, tame=won)
    reach, covered = _reach(past, test)
    middle = past.even(said)
    low, high = (np.clip(past.uneven(each), *past.bounds) for each in (middle - reach, middle + reach))
    points = tuple(
        ForecastPoint(at=span.begin(span.periods + i), value=rounded(value), low=rounded(below), high=rounded(above))
        for i, (value, below, above) in enumerate(zip(said, low, high, strict=True))
    )
    return Forecast(
        metric=past.metric, period=DAY, level=LEVEL, method=name, points=points, error=rounded(test.error),
        naive_error=rounded(naive.error), covered=rounded(covered), tested=int(np.sum(~np.isnan(test.came))),
    )  # fmt: skip


def _ahead(past: _Past, method: Forecaster, known: Floats, tame: bool = True) -> Floats:
    """The days after a past, within the metric's bounds; spikes of the past count only for the naive method."""
    said = method(tamed(known) if tame else known, past.lead + HORIZON)[past.lead :]
    return np.asarray(np.clip(said, *past.bounds))


def _back_test(past: _Past, method: Forecaster, origins: Ints, tame: bool = True) -> _BackTest:
    """The method from every origin on, given what was known then."""
    steady = past.steady
    said = np.array([_ahead(past, method, steady[:origin], tame) for origin in origins])
    day = origins[:, None] + past.lead + np.arange(HORIZON)
    return _BackTest(said=said, came=past.values[day], day=day)


def _reach(past: _Past, test: _BackTest) -> tuple[float, float]:
    """Half the width of the intervals, and the share of the back-test's values within such intervals.

    Conformal: the quantile of the back-test's own errors (Vovk, Gammerman & Shafer 2005), since a model's sigma is
    right only when the model is. Errors of the same day are alike whatever the origin, so that days are the sample
    for the correction of small samples; and each day's values are judged by the quantile of the other days.
    """
    errors = np.abs(past.even(test.said) - past.even(test.came))
    known = ~np.isnan(errors)
    errors, days = errors[known], test.day[known]
    inside = [
        errors[days == day] <= _quantile(errors[days != day], len(np.unique(days)) - 1) for day in np.unique(days)
    ]
    return _quantile(errors, len(np.unique(days))), float(np.mean(np.concatenate(inside)))


def _quantile(errors: Floats, days: int) -> float:
    return float(np.quantile(errors, min(1.0, LEVEL * (1 + 1 / days)), method="higher"))
