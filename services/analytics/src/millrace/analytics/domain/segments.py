"""Segments against the rest: which departments, plans or age bands score differently."""

import numpy as np
import pandas as pd
from scipy import stats

from millrace.analytics.domain import estimates
from millrace.analytics.domain.ranks import rank_biserial, rank_test
from millrace.analytics.domain.ratings import main_scale, of_scale
from millrace.analytics.domain.words import counted
from millrace.contracts.insights import Estimate, Segments, SegmentScore

MIN_RECORDS = 20
"""On both sides of a comparison. It also keeps every group far above the five under which people could be guessed."""
MOST = 60
"""Comparisons that are told: a reader looks at no more."""
RESTATES = 0.7
"""A segment that goes with the score more closely than this correlation says the same thing in other words."""


def compare_segments(ratings: pd.DataFrame, segments: pd.DataFrame) -> Segments:
    """Every segment value against the rest, on the scale with the most ratings.

    What was not compared, and why, is in the note.
    """
    scale = main_scale(ratings)
    if scale is None:
        return Segments(note="nothing is rated")
    raw = of_scale(ratings, scale).set_index("record_id")["raw"].astype(np.float64)
    if np.ptp(raw) == 0:
        return Segments(kind=scale.value, note="all ratings are the same")
    table = wide(segments, raw.index)
    if table.empty or table.isna().to_numpy().all():
        return Segments(kind=scale.value, note="the records have no segments")
    same = restating(table, raw)
    table = table.drop(columns=list(same))
    found = compare(table, raw, scale.bounds)
    notes = [*(restates(name, ratio) for name, ratio in same.items()), _small(table), _untold(table)]
    return Segments(kind=scale.value, segments=found, note="; ".join(filter(None, notes)))


def restates(name: str, ratio: float) -> str:
    """Why a segment was left out, in words."""
    return f"{name} restates the score (correlation {ratio:.2f}) and was left out"


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

    The p-value is Mann-Whitney's, since ratings are ordinal, adjusted over all comparisons (Benjamini-Hochberg); the
    effect is the rank-biserial correlation. Of very many, those with the lowest p-values are told.
    """
    pairs = _pairs(table)
    if not pairs:
        return ()
    members = np.column_stack([(table[name] == value).to_numpy(dtype=bool) for name, value in pairs])
    values = raw.to_numpy(dtype=np.float64)
    adjusted = stats.false_discovery_control(rank_test(values, members))
    effects = [
        estimates.estimate(value, low, high, int(inside), "newcombe")
        for (value, low, high), inside in zip(rank_biserial(values, members), members.sum(axis=0), strict=True)
    ]
    means = [
        (estimates.mean(values[inside], bounds), estimates.mean(values[~inside], bounds)) for inside in members.T
    ]  # fmt: skip
    scores = [
        _score(pair, *mean_and_rest, effect, p_value)
        for pair, mean_and_rest, effect, p_value in zip(pairs, means, effects, adjusted, strict=True)
    ]
    told = sorted(scores, key=lambda score: (score.p_value, score.name, score.value))[:MOST]
    return tuple(sorted(told, key=lambda score: (score.difference.value, score.name, score.value)))


def _pairs(table: pd.DataFrame) -> list[tuple[str, str]]:
    return [(str(name), value) for name in table for value in _frequent(table[name])]


def _frequent(segment: pd.Series) -> list[str]:
    counts = segment.value_counts()
    return sorted(counts.index[(counts >= MIN_RECORDS) & (len(segment) - counts >= MIN_RECORDS)])


def _small(table: pd.DataFrame) -> str:
    compared = len(_pairs(table))
    small = int(sum(table[name].nunique() for name in table)) - compared
    return f"{counted(small, 'value')} with fewer than {MIN_RECORDS} records on a side left out" if small else ""


def _untold(table: pd.DataFrame) -> str:
    compared = len(_pairs(table))
    return f"the {MOST} clearest of {compared} comparisons are told" if compared > MOST else ""


def _score(pair: tuple[str, str], mean: Estimate, rest: Estimate, effect: Estimate, p_value: float) -> SegmentScore:
    name, value = pair
    return SegmentScore(
        name=name, value=value, mean=mean, difference=estimates.difference(mean, rest), effect=effect,
        p_value=estimates.p_rounded(p_value),
    )  # fmt: skip
