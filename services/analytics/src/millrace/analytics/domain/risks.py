"""Customers who may leave, each with the reasons."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from millrace.analytics.domain.estimates import Floats, rounded
from millrace.analytics.domain.histories import histories, own_records
from millrace.analytics.domain.leaving import FEATURES, Leaving, learn
from millrace.analytics.domain.signs import SEEN, SIGNS, points
from millrace.analytics.domain.words import counted
from millrace.contracts.insights import Risk, RiskReason, Risks

MIN_CUSTOMERS = 5
"""Fewer could be guessed from what is told of them."""
MIN_CONTACTS = 2
"""Of a customer of whom neither a rating nor a text is known."""
MOST = 20
EVIDENCE = 5
HIGH, MEDIUM = 0.5, 0.35
"""Points from which a customer is in a band: two or three signs that agree."""
HIGH_ODDS, MEDIUM_ODDS = 4.0, 2.0
"""The same for learned chances: times the odds of the average customer, since base rates differ from firm to firm."""
LEAST = 0.005
"""Of a learned chance: a reason that adds less is none."""
_ABSENT = ("churn_words", "escalation", "reopened")
"""What is no reason where there is none of it."""


@dataclass(frozen=True, kw_only=True)
class _Scores:
    """Scores of all customers with what each of the reasons adds; a reason's name is its sentence in `SEEN`."""

    method: str
    score: Floats
    high: float
    medium: float
    codes: tuple[str, ...]
    seen: tuple[str, ...]
    added: Floats
    """(customers, reasons)"""
    least: float

    def band(self, row: int) -> str:
        """`high`, `medium`, or empty for a customer who is in neither."""
        score = self.score[row]
        return "high" if score >= round(self.high, 6) else "medium" if score >= round(self.medium, 6) else ""


def score_risks(customers: pd.DataFrame, contacts: pd.DataFrame, annotations: pd.DataFrame) -> Risks:
    """Customers in the bands `high` and `medium`, the highest score first; at most twenty are named.

    By points, or by a model of who left where the producer's data say so and it does better. Whoever left already is
    not at risk. Needs a rating, a text or two conversations of a customer, and five customers.
    """
    table = histories(customers, contacts, annotations)
    stays = table[(table["left"] != 1.0) & _known(table)]
    if len(stays) < MIN_CUSTOMERS:
        found = f"there are {len(stays)}" if len(stays) else "there are none"
        return Risks(method="points", note=f"risks need {MIN_CUSTOMERS} customers with a history, {found}")
    learned = learn(table)
    scores = _scores(table, learned)
    rows = _banded(table.index.isin(stays.index), scores)
    high = sum(scores.band(row) == "high" for row in rows)
    return Risks(
        method=scores.method, customers=len(stays), high=high, medium=len(rows) - high,
        risks=_risks(rows[:MOST], scores, table, own_records(contacts, annotations)),
        reliability=learned.reliability, note=_note(table, stays, learned, annotations),
    )  # fmt: skip


def _known(table: pd.DataFrame) -> pd.Series:
    return table["last_rating"].notna() | table["tone"].notna() | (table["contacts"] >= MIN_CONTACTS)


def _scores(table: pd.DataFrame, learned: Leaving) -> _Scores:
    if learned.chance is None or learned.share is None:
        added = points(table)
        return _Scores(
            method="points", score=np.minimum(added.sum(axis=1), 1.0).round(6), high=HIGH, medium=MEDIUM,
            codes=tuple(sign.code for sign in SIGNS), seen=tuple(sign.seen for sign in SIGNS), added=added, least=0.0,
        )  # fmt: skip
    odds = learned.reliability["base_rate"] / (1 - learned.reliability["base_rate"])
    return _Scores(
        method="logistic", score=learned.chance.round(6), high=_chance(HIGH_ODDS * odds),
        medium=_chance(MEDIUM_ODDS * odds), codes=FEATURES, seen=FEATURES, added=learned.share, least=LEAST,
    )  # fmt: skip


def _chance(odds: float) -> float:
    return odds / (1 + odds)


def _banded(stays: NDArray[np.bool_], scores: _Scores) -> list[int]:
    """Rows of those who stay and are in a band, the highest score first, then in the order of their hashes."""
    rows = [row for row in range(len(stays)) if stays[row] and scores.band(row)]
    return sorted(rows, key=lambda row: (-scores.score[row], row))


def _risks(rows: list[int], scores: _Scores, table: pd.DataFrame, records: pd.DataFrame) -> tuple[Risk, ...]:
    named = [str(table.index[row]) for row in rows]
    evidence = _evidence(records[records["customer"].isin(named)])
    return tuple(
        Risk(
            customer=customer, score=rounded(scores.score[row]), band=scores.band(row),
            reasons=tuple(_reasons(table.iloc[row], scores, row)), evidence=evidence.get(customer, ()),
        )
        for customer, row in zip(named, rows, strict=True)
    )  # fmt: skip


def _reasons(one: pd.Series, scores: _Scores, row: int) -> Iterator[RiskReason]:
    """The weightiest first."""
    added = scores.added[row]
    for i in sorted(range(len(added)), key=lambda i: (-round(added[i], 6), i)):
        seen = scores.seen[i]
        if added[i] > scores.least and not (seen in _ABSENT and one[seen] == 0):
            yield RiskReason(code=scores.codes[i], text=SEEN[seen](one), points=rounded(added[i]))


def _evidence(records: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Record ids by customer: those with cues first, then the most negative, then the latest."""
    ordered = records.assign(cues=records["churn_words"] + records["escalation"]).sort_values(
        ["cues", "tone", "created_at", "record_id"], ascending=[False, True, False, True], na_position="last"
    )
    return {str(customer): tuple(own["record_id"].head(EVIDENCE)) for customer, own in ordered.groupby("customer")}


def _note(table: pd.DataFrame, stays: pd.DataFrame, learned: Leaving, annotations: pd.DataFrame) -> str:
    left = int((table["left"] == 1.0).sum())
    unknown = len(table) - left - len(stays)
    notes = (
        f"{counted(left, 'customer')} left already" if left else "",
        f"of {counted(unknown, 'customer')} too little is known" if unknown else "",
        "what customers wrote was not looked at" if annotations.empty else "",
        learned.note,
        "chances are of having left, learned from this batch" if learned.chance is not None else "",
        "points are no probability" if learned.chance is None else "",
    )
    return "; ".join(filter(None, notes))
