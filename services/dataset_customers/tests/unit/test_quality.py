from datetime import UTC, datetime
from typing import Any

import pytest

from millrace.contracts import tables
from millrace.dataset_customers.domain import expectations
from millrace.quality.rules import Rule, checks
from millrace.worker.tables import table_of

NINE, TEN = (datetime(2024, 5, 1, hour, tzinfo=UTC) for hour in (9, 10))
ALL: dict[str, tuple[Rule, ...]] = {
    "ratings": expectations.RATINGS, "segments": expectations.SEGMENTS, "customers": expectations.CUSTOMERS,
    "contacts": expectations.CONTACTS, "tickets": expectations.TICKETS, "hourly": expectations.HOURLY,
}  # fmt: skip
SCHEMAS = {each.name: each for each in tables.ALL}


def failed(name: str, *rows: tuple[Any, ...]) -> dict[str, str]:
    found = checks(table_of(rows, SCHEMAS[name]), expectations.schemas()[name], ALL[name])
    return {check.name: check.detail for check in found if not check.passed}


SOUND: dict[str, tuple[Any, ...]] = {
    "ratings": ("a", "h", NINE, "", "nps", 9.0, 0.9, True),
    "segments": ("a", "Plan", "Pro"),
    "customers": ("h", 1, NINE, TEN, 0.0, 0.5, None, 1, None, 0, None, None, None),
    "contacts": ("a", "h", "c", None, "customer"),
    "tickets": ("c", NINE, None, 60.0, 1, 0, ""),
    "hourly": (NINE, 1, 0),
}
BROKEN: list[tuple[str, tuple[Any, ...], dict[str, str]]] = [
    ("ratings", ("a", "h", None, "", "nps", 99.0, 9.9, True),
     {"record_ids_unique": "record_id: 1 repeated ids", "on_scale": "norm: 1 ratings beyond their scale"}),
    ("segments", ("b", "Plan", "jo@example.com"),
     {"nothing_personal_left": "value: 1 values with a personal pattern"}),
    ("segments", ("b", "Plan", ""), {"segments_filled": "value: 1 empty values"}),
    ("segments", ("b", "Plan", None), {"segments_schema": "value: not_nullable"}),
    ("customers", ("h", 0, TEN, NINE, 0.0, 1.5, None, 1, -1.0, 0, "Pro", -2.0, True),
     {
         "customers_unique": "customer: 1 repeated customers",
         "times_ordered": "last_at: 1 customers whose last contact is before their first",
         "contacts_counted": "contacts: 1 customers without a contact",
         "ratings_on_scale": "rating_mean: 1 means beyond 0 to 1",
         "rates_not_negative": "contact_rate: 1 rates below 0",
         "tenures_not_negative": "tenure_days: 1 tenures below 0",
     }),
    ("contacts", ("a", "", "c", None, "customer"),
     {
         "contact_ids_unique": "record_id: 1 repeated ids",
         "contacts_have_customers": "customer: 1 contacts without a customer",
     }),
    ("tickets", ("c", NINE, -1.0, -1.0, 1, 0, ""),
     {
         "conversations_unique": "conv_id: 1 repeated conversations",
         "replies_not_negative": "first_reply_s: 1 durations below 0",
         "resolutions_not_negative": "resolution_s: 1 durations below 0",
     }),
    ("hourly", (NINE, 1, -1),
     {
         "hours_ordered": "hour: 1 hours that are not after the one before",
         "backlog_not_negative": "backlog: 1 backlogs below 0",
     }),
]  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_sound_and_empty_tables_pass(name: str) -> None:
    # Given a table with one sound row, and one with none / When they are checked / Then nothing fails
    assert failed(name, SOUND[name]) == failed(name) == {}


@pytest.mark.parametrize(("name", "row", "expected"), BROKEN)
def test_every_check_notices_what_it_is_there_for(name: str, row: tuple[Any, ...], expected: dict[str, str]) -> None:
    # Given a broken row after a sound one / When the table is checked / Then column and count are told, never a value
    assert failed(name, SOUND[name], row) == expected
