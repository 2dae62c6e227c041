"""Conversations as a course of turns: what began one, and how its tone moved."""

import pandas as pd

from millrace.analytics.domain import bootstrap
from millrace.analytics.domain.estimates import rounded
from millrace.contracts.insights import Estimate

MIN_SHIFTS = 20
"""Conversations with two turns, below which a mean change is not told."""


def reasons_of(units: pd.DataFrame) -> pd.Series:
    """The contact reason of every conversation in which one was found, by conversation.

    A conversation's reason is what its customer came with: that of the first turn in which a reason was found, the
    one that most of its units give, then the surest. Where times do not put the turns in order, the reason that most
    units of the whole conversation give.
    """
    told = units[units["reason"].fillna("") != ""]
    first = told.groupby("conv_id")["created_at"].transform("min")
    told = told[~told["conv_id"].isin(_in_order(units)) | (told["created_at"] == first)]
    votes = told.groupby(["conv_id", "reason"]).agg(units=("unit_id", "size"), sure=("reason_confidence", "sum"))
    votes = votes.assign(sure=votes["sure"].round(6)).reset_index()
    ranked = votes.sort_values(["conv_id", "units", "sure", "reason"], ascending=[True, False, False, True])
    return ranked.drop_duplicates("conv_id").set_index("conv_id")["reason"]


def shift(units: pd.DataFrame) -> tuple[Estimate | None, str]:
    """Mean change of sentiment from a conversation's first customer turn to its last (-2 to 2), and what limits it.

    Unlike a theme, a turn that says the same as one elsewhere counts: every other thank-you is such a duplicate. A
    turn's sentiment is the mean of its units'.
    """
    known = units.dropna(subset=["sentiment", "conv_id"])
    turns = known.groupby(["conv_id", "turn_id"], as_index=False).agg(
        at=("created_at", "min"), tone=("sentiment", "mean")
    )
    turns = turns[turns["conv_id"].isin(_in_order(known))].sort_values(["conv_id", "at"])
    courses = turns.groupby("conv_id")["tone"].agg(["first", "last", "size"])
    moved = courses[courses["size"] > 1]
    if len(moved) < MIN_SHIFTS:
        few = f"the change of tone needs {MIN_SHIFTS} conversations of two customer turns, there are {len(moved)}"
        return None, few if len(moved) else ""
    changes = (moved["last"] - moved["first"]).map(rounded).to_numpy(dtype=float)
    return bootstrap.mean(changes, (-2.0, 2.0)), ""


def _in_order(units: pd.DataFrame) -> pd.Index:
    """Conversations whose turns all have times, no two the same."""
    by_conversation = units.groupby("conv_id").agg(turns=("turn_id", "nunique"), times=("created_at", "nunique"))
    return by_conversation.index[by_conversation["turns"] == by_conversation["times"]]
