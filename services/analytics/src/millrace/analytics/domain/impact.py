"""What the score would be without a theme: leave-out impact beside volume and tone."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from millrace.analytics.domain import estimates, quotes
from millrace.analytics.domain.bootstrap import percentile_interval, resample
from millrace.analytics.domain.estimates import Floats
from millrace.analytics.domain.mentions import (
    POLAR,
    customer_units,
    label,
    looked_at,
    net_sentiment,
    presence,
    units_by_theme,
)
from millrace.analytics.domain.ratings import main_scale, of_scale
from millrace.contracts.insights import Estimate, Theme, ThemeImpacts
from millrace.contracts.records import Scale

MIN_RECORDS = 20
"""Themes of fewer records are hidden; a mean over fewer ratings is not told."""


@dataclass(frozen=True, kw_only=True)
class _Scores:
    """The ratings of the main scale, by record id; empty when nothing is rated."""

    scale: Scale | None
    raw: pd.Series
    overall: Estimate | None
    mentioned: pd.DataFrame
    """The rated records by the themes that are shown."""


def measure_impact(ratings: pd.DataFrame, annotations: pd.DataFrame) -> ThemeImpacts:
    """Every theme with its volume, tone, score and impact; the worst drag first.

    A record has a theme when one of its units has it; duplicates mention nothing. Impact is the mean of all rated
    records less the mean without those that mention the theme (as Thematic defines it), with a bootstrap interval
    over records. Without ratings there is no impact, and themes are ordered by the number of negative mentions.
    """
    units = customer_units(annotations)
    mentions = presence(units)
    shown = mentions.loc[:, mentions.sum() >= MIN_RECORDS]
    scores = _scores(looked_at(ratings, annotations), shown)
    impacts = _impacts(scores)
    of_theme = units_by_theme(units)
    themes = [_theme(str(name), shown[name], of_theme[str(name)], scores, impacts) for name in shown.columns]
    return ThemeImpacts(
        kind=scores.scale.value if scores.scale else "",
        overall=scores.overall,
        sentiment=net_sentiment(units),
        themes=tuple(theme for _, theme in sorted(themes, key=_rank)),
        hidden=mentions.shape[1] - shown.shape[1],
        note="; ".join(filter(None, (_unspoken(units), _unrated(scores)))),
    )


def _unspoken(units: pd.DataFrame) -> str:
    return "no customer's text was looked at" if units.empty else ""


def _unrated(scores: _Scores) -> str:
    """Why no theme has an impact."""
    if scores.scale is None:
        return "nothing is rated, so themes have no impact and are ordered by their complaints"
    return "all ratings are the same, so no theme has an impact" if np.ptp(scores.raw.to_numpy()) == 0 else ""


def _scores(ratings: pd.DataFrame, mentions: pd.DataFrame) -> _Scores:
    scale = main_scale(ratings)
    if scale is None:
        return _Scores(scale=None, raw=pd.Series(dtype=np.float64), overall=None, mentioned=mentions.iloc[:0])
    raw = of_scale(ratings, scale).set_index("record_id")["raw"]
    return _Scores(
        scale=scale, raw=raw, overall=estimates.mean(raw.to_numpy(), scale.bounds),
        mentioned=mentions.reindex(raw.index, fill_value=False),
    )  # fmt: skip


def _impacts(scores: _Scores) -> dict[str, Estimate]:
    """Impact by theme, where enough rated records mention it, enough do not, and ratings differ at all."""
    counts = scores.mentioned.sum()
    enough = scores.mentioned.loc[:, (counts >= MIN_RECORDS) & (len(scores.raw) - counts >= MIN_RECORDS)]
    values = scores.raw.to_numpy(dtype=np.float64)
    if enough.shape[1] == 0 or np.ptp(values) == 0:
        return {}
    mentioned = enough.to_numpy(dtype=np.float64)
    found = leave_out(values, mentioned, np.ones((1, len(values))))[0]
    rows, weights = resample(np.column_stack([values, mentioned]))
    low, high = percentile_interval(leave_out(rows[:, 0], rows[:, 1:], weights))
    return {
        str(theme): estimates.estimate(found[i], low[i], high[i], int(counts[theme]), "bootstrap")
        for i, theme in enumerate(enough.columns)
    }


def leave_out(values: Floats, mentioned: Floats, weights: Floats) -> Floats:
    """Overall mean less the mean without a theme's records: (resamples, themes).

    `values` (records), `mentioned` (records, themes) of 0 and 1, `weights` (resamples, records): how often a record
    occurs in a resample.
    """
    totals, sizes = weights @ values, weights.sum(axis=1)
    with_theme = weights @ (mentioned * values[:, None])
    without = (totals[:, None] - with_theme) / (sizes[:, None] - weights @ mentioned)
    return np.asarray((totals / sizes)[:, None] - without)


def _theme(
    name: str, mentioned: pd.Series, units: pd.DataFrame, scores: _Scores, impacts: dict[str, Estimate]
) -> tuple[int, Theme]:
    """The theme, with the number of its negative units."""
    impact, sentiment = impacts.get(name), net_sentiment(units)
    claim = sentiment if impact is None else impact
    theme = Theme(
        id=name,
        label=label(name),
        records=int(mentioned.sum()),
        share=estimates.share(int(mentioned.sum()), len(mentioned)),
        sentiment=sentiment,
        score_with=_score_with(name, scores),
        impact=impact,
        quotes=quotes.tell(units, scores.raw, scores.overall, -1 if claim.value < 0 else 1),
    )
    return int((units["sentiment"] < -POLAR).sum()), theme


def _score_with(name: str, scores: _Scores) -> Estimate | None:
    raw = scores.raw[scores.mentioned[name]].to_numpy(dtype=np.float64)
    if scores.scale is None or len(raw) < MIN_RECORDS:
        return None
    return estimates.mean(raw, scores.scale.bounds)


def _rank(found: tuple[int, Theme]) -> tuple[bool, float, int, str]:
    negatives, theme = found
    impact = theme.impact
    return impact is None, impact.value if impact else 0.0, -negatives, theme.id
