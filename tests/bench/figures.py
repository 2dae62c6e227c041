"""Pure figures: percentiles, medians and ratios of paired rounds."""

from collections.abc import Sequence
from statistics import median


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share lies, interpolated linearly between ranks (Hyndman & Fan 1996, type 7).

    ValueError when there are no values.
    """
    if not values:
        raise ValueError("no values")
    ranked = sorted(values)
    position = share * (len(ranked) - 1)
    low = int(position)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (position - low)


def summary(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, the extremes and how many values they stand on."""
    return {
        "p50": percentile(values, 0.5), "p95": percentile(values, 0.95), "min": min(values), "max": max(values),
        "n": len(values),
    }  # fmt: skip


def paired_ratio(values: Sequence[float], base: Sequence[float]) -> float:
    """Median of each round's ratio. Both of a pair were measured side by side, so drift of the machine cancels.

    ValueError when the rounds do not pair up.
    """
    return median(value / other for value, other in zip(values, base, strict=True))
