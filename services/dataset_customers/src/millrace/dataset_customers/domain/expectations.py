"""What is expected of ratings, segments, customers, contacts, tickets and the load by hour."""

from functools import cache, partial
from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from millrace.dataset_customers.domain.columns import looks_personal
from millrace.quality.expectations import filled, given, is_share, not_before, not_negative, unique
from millrace.quality.rules import Rule, schema

if TYPE_CHECKING:
    from pandera.pyarrow import DataFrameSchema

MAX_TIMELESS = 0.5
"""Share of rated records that may be without a time."""


def positive(table: pa.Table, column: str) -> pa.Array:
    """Whether each number is above 0."""
    return pc.greater(table.column(column), 0).combine_chunks()


def rising(table: pa.Table, column: str) -> pa.Array:
    """Whether each value is above the one before it."""
    values = table.column(column).combine_chunks()
    first = pa.array([True] * min(1, len(values)), pa.bool_())
    return pa.concat_arrays([first, pc.greater(values[1:], values[:-1])])


def nothing_personal(table: pa.Table, column: str) -> pa.Array:
    """Whether each value is free of addresses and long numbers. A batch repeats its values, so each is read once."""
    values = table.column(column).to_pylist()
    personal = {value for value in set(values) if value and looks_personal([value])}
    return pa.array([value not in personal for value in values], pa.bool_())


RATINGS = (
    Rule(name="record_ids_unique", column="record_id", holds=unique, what="repeated ids"),
    Rule(name="on_scale", column="norm", holds=is_share, what="ratings beyond their scale"),
    Rule(name="times_given", column="created_at", holds=given, what="without a time", limit=MAX_TIMELESS),
)
SEGMENTS = (
    Rule(name="segments_filled", column="value", holds=filled, what="empty values"),
    Rule(name="nothing_personal_left", column="value", holds=nothing_personal, what="values with a personal pattern"),
)
CUSTOMERS = (
    Rule(name="customers_unique", column="customer", holds=unique, what="repeated customers"),
    Rule(
        name="times_ordered",
        column="last_at",
        holds=partial(not_before, "first_at"),
        what="customers whose last contact is before their first",
    ),
    Rule(name="contacts_counted", column="contacts", holds=positive, what="customers without a contact"),
    Rule(name="ratings_on_scale", column="rating_mean", holds=is_share, what="means beyond 0 to 1"),
    Rule(name="rates_not_negative", column="contact_rate", holds=not_negative, what="rates below 0"),
    Rule(name="tenures_not_negative", column="tenure_days", holds=not_negative, what="tenures below 0"),
    Rule(name="nothing_personal_left", column="plan", holds=nothing_personal, what="plans with a personal pattern"),
)
CONTACTS = (
    Rule(name="contact_ids_unique", column="record_id", holds=unique, what="repeated ids"),
    Rule(name="contacts_have_customers", column="customer", holds=filled, what="contacts without a customer"),
)
TICKETS = (
    Rule(name="conversations_unique", column="conv_id", holds=unique, what="repeated conversations"),
    Rule(name="replies_not_negative", column="first_reply_s", holds=not_negative, what="durations below 0"),
    Rule(name="resolutions_not_negative", column="resolution_s", holds=not_negative, what="durations below 0"),
)
HOURLY = (
    Rule(name="hours_ordered", column="hour", holds=rising, what="hours that are not after the one before"),
    Rule(name="backlog_not_negative", column="backlog", holds=not_negative, what="backlogs below 0"),
)


@cache
def schemas() -> "dict[str, DataFrameSchema]":
    """The schema of every table, by its name."""
    return {
        "ratings": schema("ratings", RATINGS, frozenset({"created_at"})),
        "segments": schema("segments", SEGMENTS),
        "customers": schema(
            "customers", CUSTOMERS, frozenset({"last_at", "rating_mean", "contact_rate", "tenure_days", "plan"})
        ),
        "contacts": schema("contacts", CONTACTS),
        "tickets": schema("tickets", TICKETS, frozenset({"first_reply_s", "resolution_s"})),
        "hourly": schema("hourly", HOURLY),
    }
