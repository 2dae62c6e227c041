"""Which record mentions which theme, and in what tone."""

import numpy as np
import pandas as pd

from millrace.analytics.domain.estimates import LEVEL, effective_size, net
from millrace.contracts.insights import Estimate
from millrace.contracts.roles import AGENT, role_of

LABELS = {"churn": "May leave", "effort": "High effort"}
"""Ids whose words say too little."""
POLAR = 0.05
"""Sentiment beyond it is positive or negative, as VADER's authors draw the line (Hutto & Gilbert 2014)."""


def customer_units(annotations: pd.DataFrame) -> pd.DataFrame:
    """The units that count: written by customers and no duplicate of another turn."""
    return annotations[(annotations["dup_of"] == "") & by_customers(annotations)]


def by_customers(rows: pd.DataFrame) -> pd.Series:
    """Which rows of units or contacts are a customer's own, by their role."""
    # By word, because an earlier release wrote the producer's own words for a role.
    agents = [role for role in rows["role"].unique() if role_of(role) == AGENT]
    return ~rows["role"].isin(agents)


def presence(units: pd.DataFrame) -> pd.DataFrame:
    """Records by themes, true where a unit of the record has the theme. Both sorted; themeless records included."""
    records = pd.Index(np.sort(units["record_id"].unique()), name="record_id")
    pairs = units[["record_id", "themes"]].explode("themes").dropna()
    themes = pd.Index(np.sort(pairs["themes"].unique()), name="theme")
    matrix = np.zeros((len(records), len(themes)), dtype=bool)
    matrix[records.get_indexer(pairs["record_id"]), themes.get_indexer(pairs["themes"])] = True
    return pd.DataFrame(matrix, index=records, columns=themes)


def units_by_theme(units: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The units of each theme; one with two themes is in both."""
    themes = units["themes"].explode().dropna()
    return {str(theme): units.loc[own.index.unique()] for theme, own in themes.groupby(themes)}


def looked_at(ratings: pd.DataFrame, annotations: pd.DataFrame) -> pd.DataFrame:
    """Ratings whose text, if they have one, was annotated: of the others nobody knows what they mention."""
    return ratings[~ratings["has_text"] | ratings["record_id"].isin(annotations["record_id"])]


def net_sentiment(units: pd.DataFrame) -> Estimate:
    """Share of positive less share of negative units; units of one record count as a cluster.

    Without any unit that has a sentiment: n is 0 and the interval is everything.
    """
    known = units.dropna(subset=["sentiment"])
    if known.empty:
        return Estimate(value=0.0, low=-1.0, high=1.0, n=0, level=LEVEL, method="none")
    sentiment = known["sentiment"].to_numpy(dtype=np.float64)
    signs = (sentiment > POLAR).astype(np.float64) - (sentiment < -POLAR)
    clusters = pd.factorize(known["record_id"], sort=True)[0].astype(np.int64)
    size = effective_size(signs, clusters)
    return net(int(np.sum(signs > 0)), int(np.sum(signs < 0)), len(signs), effective=size)


def label(name: str) -> str:
    """The id of a theme, reason or flag in words: `order_status` becomes `Order status`."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()
