from datetime import UTC, datetime
from typing import Any

import pytest

from millrace.contracts.records import Rating, Record, Scale
from millrace.contracts.tables import CUSTOMERS
from millrace.dataset_customers.domain.customers import contacts, customers, slope
from millrace.dataset_customers.domain.people import person
from millrace.worker.tables import table_of


def record(record_id: str, day: int, stars: int | None = None, ref: str = "jo", **other: Any) -> Record:
    rating = None if stars is None else Rating(scale=Scale.STARS5, value=stars)
    at = datetime(2024, 5, day, tzinfo=UTC)
    return Record(record_id=record_id, text="x", created_at=at, rating=rating, customer_ref=ref, **other)


def test_a_customer_is_one_row_over_all_contacts() -> None:
    # Given a customer with four contacts, out of order, the second in two records; and another customer's later one
    records = [
        record("c", 3, 3),
        record("a", 1, 5),
        record("b", 2, 4, thread_ref="T"),
        record("b2", 2, thread_ref="T"),
        record("d", 4, 2),
        record("e", 9, ref="al"),
    ]

    # When they are summed up
    row = next(row for row in customers(records, "acme") if row.customer == person("acme", "jo"))

    # Then ratings fall by a quarter of the scale per contact: 1, 0.75, 0.5, 0.25
    assert (row.contacts, row.n_rated, row.rating_mean, row.rating_slope) == (4, 4, 0.625, -0.25)
    assert (row.first_at, row.last_at) == (datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 4, tzinfo=UTC))
    assert row.recency_days == 5.0


def test_answers_are_not_the_customers() -> None:
    # Given a question and its answer under the same customer
    records = [record("q", 1), record("a", 2, author_role="Agent")]

    # When they are summed up / Then only the question counts
    (row,) = customers(records, "acme")
    assert (row.contacts, row.last_at) == (1, datetime(2024, 5, 1, tzinfo=UTC))


def test_records_without_a_customer_or_a_time() -> None:
    # Given one of each
    records = [Record(record_id="a", text="x"), Record(record_id="b", text="x", customer_ref="jo")]

    # When they are summed up / Then the nameless one is left out, and the timeless one has no recency
    (row,) = customers(records, "acme")
    assert (row.contacts, row.first_at, row.recency_days, row.rating_mean) == (1, None, None, None)


@pytest.mark.parametrize(
    ("values", "expected"), [([0.0, 1.0], None), ([0.0, 0.5, 1.0], 0.5), ([0.5, 0.5, 0.5], 0.0), ([1, 0, 1, 0], -0.2)]
)
def test_the_slope_is_that_of_least_squares(values: list[float], expected: float | None) -> None:
    # Given ratings in order / When the slope is taken / Then it is the change per contact, from three on
    assert slope(values) == expected


@pytest.mark.parametrize(
    ("days", "rate"), [((1,), None), ((1, 1), 2.0), ((1, 16, 31), 3.0), ((1, 31, 61), 1.5), ((1, 11, 21, 61), 2.0)]
)
def test_the_contact_rate_is_that_of_the_customers_own_span(days: tuple[int, ...], rate: float | None) -> None:
    # Given contacts on these days; a span below a month counts as one
    records = [
        Record(
            record_id=str(n),
            text="x",
            customer_ref="jo",
            created_at=datetime.fromordinal(730_000 + day).replace(tzinfo=UTC),
        )
        for n, day in enumerate(days)
    ]

    # When they are summed up / Then there are so many contacts in 30 days
    assert customers(records, "acme")[0].contact_rate == rate


def test_reopened_tickets_are_their_customers() -> None:
    # Given a ticket that was opened twice more, in which an agent answered without naming the customer
    records = [
        record("q", 1, thread_ref="T", attrs={"reopen_count": "2"}),
        record("a", 2, ref="", thread_ref="T", author_role="agent"),
        record("other", 3, ref="al"),
    ]

    # When customers are summed up / Then only one has reopened tickets
    found = {row.customer: row.reopened for row in customers(records, "acme")}
    assert found == {person("acme", "jo"): 2, person("acme", "al"): 0}


def test_the_last_word_of_the_attributes_counts() -> None:
    # Given two records, out of order, of a customer who changed their plan and left
    records = [
        record("b", 9, attrs={"Plan Name": "Pro", "churned": "yes"}),
        record("a", 1, attrs={"Plan Name": "Free", "churned": "no", "Customer Since": "2024-04-29"}),
    ]

    # When they are summed up / Then the later one is believed, and tenure is counted to the last contact
    (row,) = customers(records, "acme")
    assert (row.plan, row.churned, row.tenure_days) == ("Pro", True, 10.0)


@pytest.mark.parametrize(
    ("attrs", "churned"),
    [
        ({}, None),
        ({"status": "churned"}, True),
        ({"account_status": "Active"}, False),
        ({"status": "open"}, None),
        ({"cancelled_at": "2024-05-01"}, True),
        ({"Cancelled": "n/a"}, None),
        ({"isChurned": "0"}, False),
        ({"churned": "who knows"}, None),
    ],
)
def test_who_left_is_told_by_usual_names(attrs: dict[str, str], churned: bool | None) -> None:
    # Given attributes as exports have them / When summed up / Then it is yes, no, or not known
    assert customers([record("a", 1, attrs=attrs)], "acme")[0].churned is churned


@pytest.mark.parametrize(
    ("attrs", "days"),
    [
        ({"tenure_days": "90"}, 90.0),
        ({"Tenure (years)": "2"}, 730.5),
        ({"signup_date": "2024-04-30T00:00:00Z"}, 1.0),
        ({"signup_date": "2030-01-01"}, None),
        ({"tenure": "long"}, None),
    ],
)
def test_tenure_is_told_in_days_or_by_a_first_day(attrs: dict[str, str], days: float | None) -> None:
    # Given attributes as exports have them / When summed up / Then tenure is in days, and never negative
    assert customers([record("a", 1, attrs=attrs)], "acme")[0].tenure_days == days


def test_a_plan_that_holds_an_address_is_none() -> None:
    # Given an address where a plan should be / When summed up / Then it does not get out
    assert customers([record("a", 1, attrs={"plan": "jo@example.com"})], "acme")[0].plan is None


def test_every_record_of_a_known_customer_is_a_contact() -> None:
    # Given a question, its answer, and a record of nobody
    records = [
        record("q", 1, thread_ref="T"),
        record("a", 2, thread_ref="T", author_role="Support"),
        record("n", 3, ref=" "),
    ]

    # When contacts are made / Then both are there under the same hash, with who wrote
    question, answer = contacts(records, "acme")
    assert question.customer == answer.customer == person("acme", "jo")
    assert question.conv_id == answer.conv_id == records[0].conv_id != "T"
    assert (question.role, answer.role, answer.created_at) == ("customer", "agent", datetime(2024, 5, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    "attrs",
    [
        {"tenure": "inf"},
        {"tenure": "1e400"},
        {"joined": "0001-01-01T00:00:00+14:00"},
        {"resolved_at": "9999-12-31T23:59:59-05:00"},
        {"reopened": "9" * 30},
        {"reopened": "9" * 5_000},
    ],
    ids=["infinite", "too large", "before the first year", "after the last", "beyond its column", "beyond int"],
)
def test_what_no_column_can_hold_counts_as_not_given(attrs: dict[str, str]) -> None:
    # When a customer with such an attribute is summed up
    rows = customers([record("a", 1, attrs=attrs)], "acme")

    # Then it is as if there were none, and the row can be written
    assert rows == customers([record("a", 1)], "acme")
    assert table_of(rows, CUSTOMERS).num_rows == 1
