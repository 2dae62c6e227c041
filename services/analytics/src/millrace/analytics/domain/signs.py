"""The signs of a customer who may leave: each a rule with its points and a sentence that says what was seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from millrace.analytics.domain.estimates import Floats
from millrace.analytics.domain.words import counted

Shown = Callable[[pd.DataFrame], pd.Series]
"""Which customers show a sign; the table is that of `histories`."""


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One sign. `seen` names the sentence in `SEEN` that tells it."""

    code: str
    seen: str
    points: float
    shown: Shown


SEEN: dict[str, Callable[[pd.Series], str]] = {
    "churn_words": lambda one: f"speaks of leaving in {counted(int(one['churn_words']), 'record')}",
    "escalation": lambda one: f"wants to escalate in {counted(int(one['escalation']), 'record')}",
    "last_rating": lambda one: f"the latest rating is at {100 * one['last_rating']:.0f} % of its scale",
    "rating_change": lambda one: (
        f"ratings changed by {100 * one['rating_change']:+.0f} % of the scale over "
        f"{counted(int(one['n_rated']), 'rating')}"
    ),
    "tone": lambda one: f"mean sentiment {one['tone']:+.2f} in the last {counted(int(one['texts']), 'text')}",
    "reopened": lambda one: f"{counted(int(one['reopened']), 'ticket')} reopened",
    "contacts": lambda one: counted(int(one["contacts"]), "conversation"),
    "contact_rate": lambda one: f"{one['contact_rate']:.1f} conversations in 30 days",
    "tenure_days": lambda one: f"a customer for {counted(int(one['tenure_days']), 'day')}",
    "silence": lambda one: (
        f"silent for {counted(int(one['recency_days']), 'day')}, {one['silence']:.1f} times the usual gap"
    ),
}
"""What is seen in one customer's row, in words."""

SIGNS = (
    Sign(code="churn_words", seen="churn_words", points=0.4, shown=lambda table: table["churn_words"] > 0),
    Sign(code="escalation", seen="escalation", points=0.25, shown=lambda table: table["escalation"] > 0),
    Sign(code="low_rating", seen="last_rating", points=0.2, shown=lambda table: table["last_rating"] <= 0.25),
    Sign(code="falling_rating", seen="rating_change", points=0.2, shown=lambda table: table["rating_change"] <= -0.5),
    Sign(code="reopened", seen="reopened", points=0.15, shown=lambda table: table["reopened"] > 0),
    Sign(code="repeat_contacts", seen="contacts", points=0.15, shown=lambda table: table["contacts"] >= 4),
    Sign(code="negative_texts", seen="tone", points=0.1, shown=lambda table: table["tone"] <= -0.3),
    Sign(
        code="silence", seen="silence", points=0.1,
        shown=lambda table: (table["silence"] >= 3) & (table["recency_days"] >= 30),
    ),
)  # fmt: skip
"""Points are judgement, not fit to any data: what a customer says outright outweighs what is read into numbers. No
sign but words of leaving reaches a band alone, nor does a low rating with the harsh words that came with it: they are
one opinion. A low rating is in the lowest quarter of its scale, a fall two steps of five stars, silence three of the
customer's own gaps and a month."""

LATE = ("silence",)
"""Signs that come after a customer has left: no use where the question is who will."""


def points(table: pd.DataFrame, but: tuple[str, ...] = ()) -> Floats:
    """The points of every customer and sign, 0 where it is not shown: (customers, signs)."""
    return np.column_stack([sign.shown(table).to_numpy() * sign.points * (sign.code not in but) for sign in SIGNS])
