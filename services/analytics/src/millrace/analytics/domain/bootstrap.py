"""The bootstrap (Efron 1979), done on distinct rows: records with the same rating and themes are interchangeable."""

import numpy as np

from millrace.analytics.domain import estimates
from millrace.analytics.domain.estimates import LEVEL, Floats
from millrace.contracts.insights import Estimate

SEED = 20_240
"""Fixed, so that the same input gives the same bytes."""
RESAMPLES = 1_000
MIN_RESAMPLES = 200
_DRAWS = 5_000_000
"""The most numbers drawn for one call: a fifth of a second. Beyond it there are fewer resamples."""


def resample(rows: Floats) -> tuple[Floats, Floats]:
    """Distinct rows (k, columns), sorted, and how often each occurs in every resample (resamples, k).

    Drawing the counts from a multinomial is the same as drawing rows with replacement, and it does not depend on
    the order of the rows.
    """
    distinct, counts = np.unique(rows, axis=0, return_counts=True)
    size = int(np.clip(_DRAWS // len(distinct), MIN_RESAMPLES, RESAMPLES))
    weights = np.random.default_rng(SEED).multinomial(len(rows), counts / len(rows), size=size)
    return distinct, weights.astype(np.float64)


def percentile_interval(samples: Floats) -> tuple[Floats, Floats]:
    """Lower and upper bounds of every column (percentile method)."""
    tail = (1 - LEVEL) / 2
    low, high = np.percentile(samples, [100 * tail, 100 * (1 - tail)], axis=0)
    return low, high


def mean(values: Floats, bounds: tuple[float, float]) -> Estimate:
    """The mean of bounded values with a bootstrap interval; where all are the same, that of `estimates.mean`.

    At least one value. Values must be rounded: those that differ by noise alone would be drawn apart.
    """
    if np.ptp(values) == 0:
        return estimates.mean(values, bounds)
    rows, weights = resample(values[:, None])
    low, high = percentile_interval(weights @ rows[:, :1] / len(values))
    return estimates.estimate(float(values.mean()), low[0], high[0], len(values), "bootstrap")
