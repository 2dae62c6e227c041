"""Rows of the tables, in the column order of `millrace.contracts.tables`."""

from datetime import datetime
from typing import NamedTuple


class RatingRow(NamedTuple):
    """A row of RATINGS."""

    record_id: str
    customer: str
    created_at: datetime | None
    product: str
    kind: str
    raw: float
    norm: float
    has_text: bool


class SegmentRow(NamedTuple):
    """A row of SEGMENTS."""

    record_id: str
    name: str
    value: str


class CustomerRow(NamedTuple):
    """A row of CUSTOMERS."""

    customer: str
    contacts: int
    first_at: datetime | None
    last_at: datetime | None
    recency_days: float | None
    rating_mean: float | None
    rating_slope: float | None
    n_rated: int
    contact_rate: float | None
    reopened: int
    plan: str | None
    tenure_days: float | None
    churned: bool | None


class ContactRow(NamedTuple):
    """A row of CONTACTS."""

    record_id: str
    customer: str
    conv_id: str
    created_at: datetime | None
    role: str


class TicketRow(NamedTuple):
    """A row of TICKETS."""

    conv_id: str
    opened_at: datetime | None
    first_reply_s: float | None
    resolution_s: float | None
    turns: int
    reopened: int
    agent: str


class HourRow(NamedTuple):
    """A row of HOURLY."""

    hour: datetime
    records: int
    backlog: int
