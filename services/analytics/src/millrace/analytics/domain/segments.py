"""Segments against the rest: which departments, plans or age bands score differently."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from millrace.analytics.domain import estimates
from millrace.analytics.domain.estimates import Floats
from millrace.contracts.insights import Estimate, SegmentScore

MIN_RECORDS = 20
"""On both sides of a comparison. It also keeps every group far above the five under which people could be guessed."""
MOST = 60
"""Comparisons that are told: a reader looks at no more."""
RESTATES = 0.7
"""A segment that goes with the score more closely than this correlation says the same thing in other words."""


def wide(segments: pd.DataFrame, records: pd.Index) -> pd.DataFrame:
    """One column per segment, one row per record; NaN where a record has no value."""
    given = segments[segments["value"] != ""].drop_duplicates(["record_id", "name"])
    # As plain objects: comparing Arrow strings costs more than all the statistics here.
    table = given.pivot(index="record_id", columns="name", values="value").reindex(records).astype(object)
    return table.reindex(sorted(table.columns), axis=1)


def restating(table: pd.DataFrame, raw: pd.Series) -> dict[str, float]:
    """Segments that restate the score, with their correlation ratio: `recommended` beside a rating, for one."""
    ratios = {str(name): correlation_ratio(table[name], raw) for name in table.columns}
    return {name: ratio for name, ratio in ratios.items() if ratio > RESTATES}


def correlation_ratio(segment: pd.Series, raw: pd.Series) -> float:
    """How closely the score follows the segment, 0 to 1: eta, corrected for the number of values (Kelley 1935).

    Equal to the absolute correlation when there are two values, but for the correction.
    """
    known = segment.dropna()
    scores = raw.loc[known.index]
    n, k = len(known), known.nunique()
    total = float(((scores - scores.mean()) ** 2).sum())
    if k < 2 or n <= k or total == 0:
        return 0.0
    within = float(((scores - scores.groupby(known).transform("mean")) ** 2).sum())
    return float(np.sqrt(max(0.0, 1 - within / total * (n - 1) / (n - k))))


def compare(table: pd.DataFrame, raw: pd.Series, bounds: tuple[float, float]) -> tuple[SegmentScore, ...]:
    """Every segment value with enough records against all other rated records; the lowest difference first.

    The p-value is Mann-Whitney's, since ratings are ordinal, adjusted over all comparisons (Benjamini-Hochberg). Of
    very many, those with the lowest p-values are told.
    """
    pairs = [(str(name), value) for name in table for value in _frequent(table[name])]
    if not pairs:
        return ()
    members = np.column_stack([(table[name] == value).to_numpy(dtype=bool) for name, value in pairs])
    values = raw.to_numpy(dtype=np.float64)
    adjusted = stats.false_discovery_control(rank_test(values, members))
    scores = [
        _score(name, value, estimates.mean(values[inside], bounds), estimates.mean(values[~inside], bounds), p_value)
        for (name, value), inside, p_value in zip(pairs, members.T, adjusted, strict=True)
    ]
    told = sorted(scores, key=lambda score: (score.p_value, score.name, score.value))[:MOST]
    return tuple(sorted(told, key=lambda score: (score.difference.value, score.name, score.value)))


def rank_test(values: Floats, members: NDArray[np.bool_]) -> Floats:
    """Mann-Whitney p-values (two-sided, corrected for ties and continuity) of groups against the rest.

    `members` is (values, groups). All groups share one ranking, so that hundreds of them cost one sort; a group must
    be neither empty nor everything, and the values must differ.
    """
    n = len(values)
    ranks = stats.rankdata(values)
    inside = members.sum(axis=0)
    surplus = ranks @ members - inside * (n + 1) / 2
    ties = stats.tiecorrect(ranks)  # type: ignore[arg-type] # the stubs know whole ranks only
    variance = ties * inside * (n - inside) * (n + 1) / 12
    return np.asarray(2 * stats.norm.sf(np.maximum(np.abs(surplus) - 0.5, 0) / np.sqrt(variance)))


def _frequent(segment: pd.Series) -> list[str]:
    counts = segment.value_counts()
    return sorted(counts.index[(counts >= MIN_RECORDS) & (len(segment) - counts >= MIN_RECORDS)])


def _score(name: str, value: str, mean: Estimate, rest: Estimate, p_value: float) -> SegmentScore:
    return SegmentScore(
        name=name, value=value, mean=mean, difference=estimates.difference(mean, rest),
        p_value=estimates.p_rounded(p_value),
    )  # fmt: skip
