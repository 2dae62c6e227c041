"""The customers' own words as evidence for a number."""

from typing import Any

import numpy as np
import pandas as pd

from millrace.analytics.domain.estimates import rounded
from millrace.analytics.domain.mentions import POLAR
from millrace.contracts.insights import Estimate, Quote

QUOTES = 3
SHORTEST, LONGEST = 30, 240
"""Characters: shorter says little, longer is not read."""
OTHER_THEME = 0.2
"""What each further theme of a unit costs: a sentence about one thing is the better evidence for it."""


def tell(units: pd.DataFrame, raw: pd.Series, overall: Estimate | None, sign: int) -> tuple[Quote, ...]:
    """The units that say most clearly what `sign` (1 good, -1 bad) claims; each from another record.

    `raw` maps record ids to ratings, `overall` is their mean. Strong sentiment in the claim's direction counts, and
    as much a rating on the claim's side of the mean, so that a quote does not contradict its number.
    """
    length = units["text"].str.len()
    fit = units[length.between(SHORTEST, LONGEST) & (sign * units["sentiment"] > POLAR)]
    if fit.empty:
        return ()
    fit = fit.assign(rating=fit["record_id"].map(raw).astype(np.float64))
    weight = sign * fit["sentiment"] - OTHER_THEME * fit["themes"].str.len()
    if overall is not None and np.ptp(raw) > 0:
        weight = weight + (sign * (fit["rating"] - overall.value) / np.ptp(raw)).fillna(0.0)
    return _best(fit, weight)


def show(units: pd.DataFrame, weight: pd.Series) -> tuple[Quote, ...]:
    """The units of the highest weight, whatever their tone; each from another record. They carry no rating."""
    fit = units[units["text"].str.len().between(SHORTEST, LONGEST)].assign(rating=np.nan)
    return _best(fit, weight.loc[fit.index])


def _best(fit: pd.DataFrame, weight: pd.Series) -> tuple[Quote, ...]:
    """Of every record its weightiest unit, and of those the weightiest that differ."""
    # As plain lists: a frame costs a millisecond a step, and there are quotes for every theme, reason and flag.
    columns = (fit[name].tolist() for name in ("unit_id", "record_id", "text", "sentiment", "rating"))
    chosen: dict[str, Quote] = {}
    seen: set[str] = set()
    for _, unit, record, text, sentiment, rating in sorted(zip((-weight).tolist(), *columns, strict=True), key=_order):
        if record not in seen and text not in chosen and len(chosen) < QUOTES:
            chosen[text] = Quote(
                record_id=record, unit_id=unit, text=" ".join(text.split()), sentiment=_known(sentiment),
                rating=_known(rating),
            )  # fmt: skip
        seen.add(record)
    return tuple(chosen.values())


def _order(row: tuple[Any, ...]) -> tuple[float, str]:
    return row[0], row[1]


def _known(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else rounded(value)
