"""Intervals of shares."""

import math

from millrace.contracts.insights import Estimate

LEVEL = 0.95
_Z = 1.959964
"""The standard normal's quantile for `LEVEL`, two-sided."""


def wilson(found: int, n: int) -> Estimate:
    """The share of `found` among `n`, at least one, with Wilson's score interval (Wilson 1927)."""
    share = found / n
    centre = share + _Z**2 / (2 * n)
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    scale = 1 + _Z**2 / n
    return Estimate(
        value=round(share, 6), low=round(max(0.0, (centre - half) / scale), 6),
        high=round(min(1.0, (centre + half) / scale), 6), n=n, level=LEVEL, method="wilson",
    )  # fmt: skip
