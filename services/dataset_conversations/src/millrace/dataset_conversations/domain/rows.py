"""Rows of the three tables, in the column order of `millrace.contracts.tables`.

Named tuples, because a batch has tens of thousands of units and they transpose into columns in one step.
"""

from datetime import datetime
from typing import NamedTuple


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


class Unit(NamedTuple):
    """A row of UNITS."""

    unit_id: str
    turn_id: str
    conv_id: str
    record_id: str
    n: int
    start: int
    end: int
    text: str
    text_hash: str
    lang: str
    role: str
    created_at: datetime | None
    dup_of: str
