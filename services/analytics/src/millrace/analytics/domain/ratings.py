"""What a ratings table holds: which scale counts, and its values."""

import numpy as np
import pandas as pd

from millrace.analytics.domain.estimates import Floats
from millrace.contracts.records import Scale

_BAND = 10
"""A percent scale is told in bands of ten points."""


def main_scale(ratings: pd.DataFrame) -> Scale | None:
    """The scale with the most ratings (the first by name of several); None when nothing is rated."""
    if ratings.empty:
        return None
    counts = ratings["kind"].value_counts().sort_index()
    return Scale(str(counts.idxmax()))


def of_scale(ratings: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """The ratings on this scale."""
    return ratings[ratings["kind"] == scale.value]


def values(ratings: pd.DataFrame, column: str = "raw") -> Floats:
    """A numeric column as an array of its non-null values."""
    return ratings[column].dropna().to_numpy(dtype=np.float64)


def steps(scale: Scale) -> Floats:
    """Every value of the scale; for percent the lower ends of ten bands."""
    low, high = scale.bounds
    if scale is Scale.PERCENT:
        return np.arange(low, high, _BAND)
    return np.arange(low, high + 1)


def step_of(scale: Scale, raw: Floats) -> Floats:
    """The step that each rating belongs to: halves are rounded up, a full hundred percent is in the last band."""
    if scale is Scale.PERCENT:
        return np.minimum(raw // _BAND * _BAND, scale.bounds[1] - _BAND)
    return np.floor(raw + 0.5)
