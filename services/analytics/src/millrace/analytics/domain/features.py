"""The columns of the driver model: themes and segments as 0 and 1, without those that others already say."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from millrace.analytics.domain.estimates import Floats
from millrace.analytics.domain.mentions import label

MIN_RECORDS = 20
RECORDS_PER_FEATURE = 10
"""A linear model with more features than a tenth of its records fits noise (Harrell 2015, 4.4)."""
MAX_VIF = 5.0
"""Variance inflation beyond which features' own effects cannot be told apart (Sheather 2009, 6.4)."""
OTHER = "other values"


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One column: a theme that is mentioned, or a segment's value against its most common one."""

    name: str
    kind: str
    label: str
    column: Floats
    told: bool = True
    """False for a column that only keeps others honest."""

    @property
    def records(self) -> int:
        """How many records have it."""
        return int(self.column.sum())


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The features of the model, and the segments that others already say or that the records cannot carry."""

    features: tuple[Feature, ...]
    left_out: tuple[str, ...]


def choose(mentions: pd.DataFrame, segments: pd.DataFrame) -> Choice:
    """Features in order of precedence: themes by volume, then whole segments, coarse ones first.

    `mentions` and `segments` have the same rows. Rare features are left out; so are those that would inflate the
    variance of any effect (a class beside its department), and more than the records can carry.
    """
    by_volume = sorted(mentions.columns, key=lambda name: (-mentions[name].sum(), name))
    coarse_first = sorted(segments.columns, key=lambda name: (segments[name].nunique(), name))
    most = len(mentions) // RECORDS_PER_FEATURE
    chosen: list[Feature] = []
    left_out: list[str] = []
    for theme in by_volume:
        chosen += _fitting(chosen, _frequent([_theme(str(theme), mentions[theme])]), most) or []
    for name in coarse_first:
        group = _fitting(chosen, _frequent(_dummies(str(name), segments[name])), most)
        chosen += group or []
        left_out += [str(name)] if group is None else []
    return Choice(features=tuple(chosen), left_out=tuple(left_out))


def _theme(name: str, mentioned: pd.Series) -> Feature:
    return Feature(name=name, kind="theme", label=label(name), column=mentioned.to_numpy(dtype=np.float64))


def _dummies(name: str, segment: pd.Series) -> list[Feature]:
    """One feature per value but the most common; rare and missing values are one."""
    counts = segment.value_counts()
    frequent = sorted(counts.index[counts >= MIN_RECORDS])
    if not frequent:
        return []
    reference = min(frequent, key=lambda value: (-counts[value], value))
    merged = segment.where(segment.isin(frequent), OTHER)
    return [
        Feature(
            name=f"{name}={value}", kind="segment", label=f"{name}: {value} (against {reference})",
            column=(merged == value).to_numpy(dtype=np.float64), told=value != OTHER,
        )
        for value in [*frequent, OTHER]
        if value != reference
    ]  # fmt: skip


def _frequent(features: list[Feature]) -> list[Feature]:
    return [each for each in features if MIN_RECORDS <= each.records <= len(each.column) - MIN_RECORDS]


def _fitting(chosen: list[Feature], group: list[Feature], most: int) -> list[Feature] | None:
    """The group when the model with it stays well conditioned and small enough; None when not."""
    together = [*chosen, *group]
    if not group:
        return group
    if len(together) > most or inflation([each.column for each in together]) > MAX_VIF:
        return None
    return group


def inflation(columns: list[Floats]) -> float:
    """The highest variance inflation factor: the diagonal of the inverse of the correlation matrix."""
    correlations = np.atleast_2d(np.corrcoef(columns))
    if np.linalg.matrix_rank(correlations, hermitian=True) < len(columns):
        return float("inf")
    return float(np.linalg.inv(correlations).diagonal().max())
