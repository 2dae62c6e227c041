"""Rows of the three tables, in the column order of `millrace.contracts.tables`.

Named tuples, because they transpose into columns in one step.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from millrace.contracts.tables import UNITS


class Conversation(NamedTuple):
    """A row of CONVERSATIONS."""

    conv_id: str
    channel: str
    opened_at: datetime | None
    closed_at: datetime | None
    turns: int
    langs: tuple[str, ...]
    dup_of: str


class Turn(NamedTuple):
    """A row of TURNS."""

    turn_id: str
    conv_id: str
    record_id: str
    n: int
    role: str
    created_at: datetime | None
    text: str
    lang: str
    lang_prob: float | None
    dup_of: str
    masked: int


class Cut(NamedTuple):
    """A turn and the sentences that its text was cut into: one row of UNITS each."""

    turn: Turn
    spans: list[tuple[int, int]]
    """Start and end in the turn's text."""
    hashes: list[str]


def unit_columns(cuts: Iterable[Cut]) -> dict[str, list[Any]]:
    """The rows of UNITS, column by column: a batch has tens of thousands, and a tuple for each would take longer."""
    columns: dict[str, list[Any]] = {name: [] for name in UNITS.columns}
    for turn, spans, hashes in cuts:
        text, count = turn.text, len(spans)
        own = {
            "unit_id": [f"{turn.record_id}#{n}" for n in range(count)],
            "n": range(count),
            "start": [start for start, _ in spans],
            "end": [end for _, end in spans],
            "text": [text[start:end] for start, end in spans],
            "text_hash": hashes,
        }
        for name, values in columns.items():
            values.extend(own[name] if name in own else [getattr(turn, name)] * count)
    return columns
