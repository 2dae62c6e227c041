"""The customers' own words as evidence for a number."""

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
    order = pd.DataFrame({"weight": -weight, "unit_id": fit["unit_id"]}).sort_values(["weight", "unit_id"])
    chosen = fit.loc[order.index].drop_duplicates("record_id").drop_duplicates("text").head(QUOTES)
    return tuple(_quote(unit) for _, unit in chosen.iterrows())


def _quote(unit: pd.Series) -> Quote:
    rating = unit["rating"]
    return Quote(
        record_id=unit["record_id"], unit_id=unit["unit_id"], text=" ".join(unit["text"].split()),
        sentiment=rounded(unit["sentiment"]), rating=None if np.isnan(rating) else float(rating),
    )  # fmt: skip
