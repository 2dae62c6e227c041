"""Ways to tell the next days from those before. All see the weekday; none needs more than two weeks."""

import warnings
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from statsmodels.tools.sm_exceptions import ConvergenceWarning  # type: ignore[import-untyped]
from statsmodels.tsa.holtwinters import ExponentialSmoothing  # type: ignore[import-untyped]

from millrace.analytics.domain.estimates import Floats

WEEK = 7
NAIVE = "seasonal-naive"
LONG, SHORT = 8, 3
"""Weeks that the means and the line look back on."""
SPIKE = 6.0
"""A past day beyond so many robust standard deviations is cut to it: it happened, but will not happen every week."""

_MAD = 1.4826

Forecaster = Callable[[Floats, int], Floats]
"""The past (oldest first, at least two weeks, no gaps) and a number of days; the values of these days."""


def seasonal_naive(past: Floats, days: int) -> Floats:
    """What the same weekday was last: what every other method has to beat."""
    return np.resize(past[-WEEK:], days)


def weekday_mean(past: Floats, days: int, weeks: int) -> Floats:
    """The mean of the same weekday over the last weeks."""
    whole = min(weeks, len(past) // WEEK)
    return np.resize(past[-whole * WEEK :].reshape(whole, WEEK).mean(axis=0), days)


def weekday_line(past: Floats, days: int) -> Floats:
    """A straight line through the last weeks plus each weekday's own distance from it (least squares)."""
    recent = past[-LONG * WEEK :]
    x = np.arange(len(recent) + days, dtype=np.float64)
    design = np.column_stack([np.eye(WEEK)[np.arange(len(x)) % WEEK], x])
    solution, *_ = np.linalg.lstsq(design[: len(recent)], recent, rcond=None)
    return np.asarray(design[len(recent) :] @ solution)


def ets(past: Floats) -> Forecaster:
    """Exponential smoothing of level and weekday (ETS(A,N,A), Hyndman et al. 2008), fitted to this past.

    The parameters are fitted once: a fit takes 25 ms, to smooth a longer past with them a tenth of that.
    """
    with warnings.catch_warnings():
        # Where the optimiser stops early the parameters are still usable, and the back-test judges them.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = _smoothing(past).fit(remove_bias=False).params
    level, season = (float(found[name]) for name in ("smoothing_level", "smoothing_seasonal"))

    def forecast(longer: Floats, days: int) -> Floats:
        fit = _smoothing(longer).fit(smoothing_level=level, smoothing_seasonal=season, optimized=False)
        return np.asarray(fit.forecast(days))

    return forecast


def _smoothing(past: Floats) -> ExponentialSmoothing:
    return ExponentialSmoothing(past, seasonal="add", seasonal_periods=WEEK, initialization_method="heuristic")


def methods(past: Floats) -> Mapping[str, Forecaster]:
    """Every method but the naive one, what has to be fitted is fitted to this past; the simplest first."""
    return {
        "weekday-mean": partial(weekday_mean, weeks=LONG),
        "recent-weekday-mean": partial(weekday_mean, weeks=SHORT),
        "weekday-line": weekday_line,
        "ets": ets(tamed(past)),
    }


def tamed(past: Floats) -> Floats:
    """The past without spikes."""
    middle = float(np.median(past))
    spread = SPIKE * _MAD * float(np.median(np.abs(past - middle)))
    return past if spread == 0 else np.clip(past, middle - spread, middle + spread)
