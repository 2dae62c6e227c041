"""Schemas of the datasets that travel between services as Parquet.

Columns are added, never changed. Times are UTC; ids are strings; empty strings stand for "not given".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Column(StrEnum):
    """The types a column may have."""

    STRING = "string"
    INTEGER = "int64"
    REAL = "float64"
    """NaN is stored as null."""
    BOOLEAN = "bool"
    TIME = "timestamp[us, UTC]"
    """Null where the record had none."""
    STRINGS = "list<string>"
    BYTES = "binary"
    SPANS = "list<struct<kind: string, value: string, start: int64, end: int64>>"
    """What was found in a text: offsets are characters of the turn's masked text, the end exclusive."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A dataset's name, version and columns in order."""

    name: str
    version: int
    columns: Mapping[str, Column]
    added: frozenset[str] = frozenset()
    """Columns that writers of an earlier release do not have: null where they are missing."""

    @property
    def schema_name(self) -> str:
        """As an `ArtifactRef` carries it: `units/1`."""
        return f"{self.name}/{self.version}"


def _table(name: str, added: frozenset[str] = frozenset(), /, **columns: Column) -> Table:
    return Table(name=name, version=1, columns=MappingProxyType(columns), added=added)


_S, _I, _R, _B, _T = Column.STRING, Column.INTEGER, Column.REAL, Column.BOOLEAN, Column.TIME

CONVERSATIONS = _table(
    "conversations", conv_id=_S, channel=_S, opened_at=_T, closed_at=_T, turns=_I, langs=Column.STRINGS, dup_of=_S
)
"""One row per thread. `dup_of`: the first conversation with the same text, or empty."""

TURNS = _table(
    "turns",
    turn_id=_S, conv_id=_S, record_id=_S, n=_I, role=_S, created_at=_T, text=_S, lang=_S, lang_prob=_R, dup_of=_S,
    masked=_I,
)  # fmt: skip
"""One row per record with text. `text` is masked; `masked` counts what was replaced; `dup_of` is a turn id."""

UNITS = _table(
    "units",
    unit_id=_S, turn_id=_S, conv_id=_S, record_id=_S, n=_I, start=_I, end=_I, text=_S, text_hash=_S, lang=_S, role=_S,
    created_at=_T, dup_of=_S,
)  # fmt: skip
"""One row per sentence: `start`/`end` are character offsets into the turn's masked text; `dup_of` is a turn id."""

RATINGS = _table("ratings", record_id=_S, customer=_S, created_at=_T, product=_S, kind=_S, raw=_R, norm=_R, has_text=_B)
"""One row per rated record. `kind` is a `Scale`, `norm` lies between 0 (worst) and 1 (best), `customer` is a hash."""

SEGMENTS = _table("segments", record_id=_S, name=_S, value=_S)
"""One row per record and segment, for attributes with few values; numbers are put into bands."""

CUSTOMERS = _table(
    "customers",
    frozenset({"contact_rate", "reopened", "plan", "tenure_days", "churned"}),
    customer=_S, contacts=_I, first_at=_T, last_at=_T, recency_days=_R, rating_mean=_R, rating_slope=_R, n_rated=_I,
    contact_rate=_R, reopened=_I, plan=_S, tenure_days=_R, churned=_B,
)  # fmt: skip
"""One row per customer hash; `rating_slope` is the change of the normalised rating per contact, null under 3.

`contact_rate` is contacts per 30 days of the customer's own span, null under two dated contacts; `plan`,
`tenure_days` and `churned` come from the producer's attributes, null where none says so.
"""

CONTACTS = _table("contacts", record_id=_S, customer=_S, conv_id=_S, created_at=_T, role=_S)
"""One row per record whose customer is known: whose it is, as a hash."""

TICKETS = _table(
    "tickets", conv_id=_S, opened_at=_T, first_reply_s=_R, resolution_s=_R, turns=_I, reopened=_I, agent=_S
)
"""One row per thread that has an agent's turn or a life cycle in its attributes. Durations in seconds."""

HOURLY = _table("hourly", hour=_T, records=_I, backlog=_I)
"""Load by hour: records that came in and tickets open at its end."""

ANNOTATIONS = _table(
    "annotations",
    frozenset({"conv_id", "reason", "reason_confidence", "flags", "entities"}),
    unit_id=_S, turn_id=_S, record_id=_S, n=_I, text=_S, text_hash=_S, lang=_S, role=_S, created_at=_T, dup_of=_S,
    sentiment=_R, confidence=_R, tier=_I, themes=Column.STRINGS, has_vector=_B,
    conv_id=_S, reason=_S, reason_confidence=_R, flags=Column.STRINGS, entities=Column.SPANS,
)  # fmt: skip
"""One row per unit: `sentiment` lies between -1 and 1, null where it cannot be told; `themes` are taxonomy ids;
`tier` is the highest that had a say: 0 rules, 1 vectors, 2 a configured model; `has_vector` tells whether the unit
was embedded. `reason` is the contact reason's id, empty where none is near enough; `flags` are `urgent`, `effort`,
`escalation` and `churn`; `entities` are order ids, versions, amounts of money, dates and products."""

VECTORS = _table("vectors", unit_id=_S, vector=Column.BYTES)
"""One row per embedded unit: 384 little-endian float16, of length 1."""

ALL = (
    CONVERSATIONS, TURNS, UNITS, RATINGS, SEGMENTS, CUSTOMERS, CONTACTS, TICKETS, HOURLY, ANNOTATIONS, VECTORS,
)  # fmt: skip
