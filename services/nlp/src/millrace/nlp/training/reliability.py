"""Whether a confidence means what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

BOUNDS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """Units whose confidence is about the same."""

    low: float
    high: float
    n: int
    confidence: float
    """Mean of what was claimed."""
    right: float
    """Share of what was true."""


def reliability(
    confidences: NDArray[np.float64], right: NDArray[np.bool_], bounds: Sequence[float] = BOUNDS
) -> list[Bin]:
    """The bins that hold any unit; a bin holds its upper bound."""
    found = []
    for low, high in pairwise(bounds):
        inside = (confidences > low) & (confidences <= high)
        if inside.any():
            means = (round(float(each[inside].mean()), 4) for each in (confidences, right))
            found.append(Bin(low, high, int(inside.sum()), *means))
    return found


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error (Naeini et al. 2015): mean distance of claim and truth, by the bins' sizes."""
    total = sum(each.n for each in bins)
    return round(sum(each.n * abs(each.confidence - each.right) for each in bins) / total, 4) if total else 0.0
