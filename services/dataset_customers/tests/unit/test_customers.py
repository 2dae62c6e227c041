from datetime import UTC, datetime

import pytest

from millrace.contracts.records import Rating, Record, Scale
from millrace.dataset_customers.domain.customers import customers, slope
from millrace.dataset_customers.domain.people import person


def record(record_id: str, day: int, stars: int | None = None, ref: str = "jo", **other: str) -> Record:
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
