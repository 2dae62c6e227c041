"""What is known of each customer that may tell whether they stay."""

import numpy as np
import pandas as pd

from millrace.analytics.domain.mentions import by_customers

COLUMNS = (
    "contacts", "contact_rate", "reopened", "tenure_days", "rating_slope", "rating_mean", "n_rated", "recency_days",
)  # fmt: skip
"""All that is read of the CUSTOMERS table beside `churned`.

Nothing that a person is born with or believes, and no plan: plans are named `student` and `senior`.
"""
RECENT = 3
"""A customer's last texts, whose tone counts."""
CUES = {"churn_words": "churn", "escalation": "escalation"}
"""What counts them, by flag."""


def histories(customers: pd.DataFrame, contacts: pd.DataFrame, annotations: pd.DataFrame) -> pd.DataFrame:
    """One row per customer, by hash: the columns above and those named here. What is not known is NaN.

    `left`: whether the producer says so, NaN where it says nothing. `last_rating`: between 0 and 1, on the line
    through all ratings where there are three; `rating_change`: of that line from the first to the last. `tone`: the
    mean sentiment of the last three texts, `texts` how many. `churn_words` and `escalation`: records with that cue.
    `silence`: the days since the last contact over the mean days between contacts.
    """
    known = customers.drop_duplicates("customer").set_index("customer").sort_index()
    table = known[list(COLUMNS)].apply(pd.to_numeric, errors="coerce").astype(np.float64)
    further = (table["n_rated"] - 1).clip(lower=0)
    change = table["rating_slope"] * further
    table = table.assign(
        last_rating=(table["rating_mean"] + change.fillna(0.0) / 2).clip(0.0, 1.0),
        rating_change=change,
        silence=_silence(known, table),
        left=known["churned"].map({True: 1.0, False: 0.0}).astype(np.float64),
    )
    spoken = _spoken(own_records(contacts, annotations)).reindex(table.index)
    return pd.DataFrame(table.join(spoken.fillna(dict.fromkeys((*CUES, "texts"), 0.0))))


def own_records(contacts: pd.DataFrame, annotations: pd.DataFrame) -> pd.DataFrame:
    """Customers' own records, by customer and time, with their tone (NaN without text) and their cues as 0 or 1."""
    own = contacts[by_customers(contacts) & (contacts["customer"] != "")].drop_duplicates("record_id")
    units = annotations[annotations["record_id"].isin(own["record_id"])]
    tone = units.groupby("record_id")["sentiment"].mean().round(6)
    records = own.assign(tone=own["record_id"].map(tone).astype(np.float64))
    flags = units[["record_id", "flags"]].explode("flags")
    cues = {
        cue: records["record_id"].isin(flags.loc[flags["flags"] == flag, "record_id"]).astype(float)
        for cue, flag in CUES.items()
    }
    return records.assign(**cues).sort_values(["customer", "created_at", "record_id"], na_position="first")


def _spoken(records: pd.DataFrame) -> pd.DataFrame:
    toned = records.dropna(subset=["tone"]).groupby("customer").tail(RECENT)
    recent = toned.groupby("customer")["tone"].agg(["mean", "size"])
    spoken = records.groupby("customer")[list(CUES)].sum()
    return spoken.assign(tone=recent["mean"].round(6), texts=recent["size"])


def _silence(known: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """How many of the customer's own gaps the silence is long; NaN under two gaps."""
    days = (known["last_at"] - known["first_at"]).dt.total_seconds() / 86_400
    gap = (days / (table["contacts"] - 1)).where((table["contacts"] >= 3) & (days > 0))
    return table["recency_days"] / gap
