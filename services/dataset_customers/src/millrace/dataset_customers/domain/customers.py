"""One row per customer: how often, how recently, how satisfied."""

from collections.abc import Sequence
from datetime import datetime

from millrace.contracts.records import Record
from millrace.dataset_customers.domain.people import person
from millrace.dataset_customers.domain.ratings import normalised
from millrace.dataset_customers.domain.roles import is_agent
from millrace.dataset_customers.domain.rows import CustomerRow

MIN_FOR_SLOPE = 3
"""Ratings from which a slope means anything."""
_DAY_S = 86_400


def customers(records: Sequence[Record], tenant: str) -> list[CustomerRow]:
    """One row per customer, in the order of their hashes. Agents' records are not their customer's.

    Recency counts back from the latest record of the batch, not from now: the same batch gives the same rows.
    """
    own: dict[str, list[Record]] = {}
    for record in records:
        if record.customer_ref.strip() and not is_agent(record):
            own.setdefault(person(tenant, record.customer_ref), []).append(record)
    latest = max((record.created_at for record in records if record.created_at), default=None)
    return [_row(customer, own[customer], latest) for customer in sorted(own)]


def _row(customer: str, records: list[Record], latest: datetime | None) -> CustomerRow:
    times = sorted(record.created_at for record in records if record.created_at)
    rated = [normalised(record.rating) for record in _by_time(records) if record.rating]
    return CustomerRow(
        customer=customer, contacts=len({record.conv_id for record in records}),
        first_at=times[0] if times else None, last_at=times[-1] if times else None,
        recency_days=(latest - times[-1]).total_seconds() / _DAY_S if times and latest else None,
        rating_mean=sum(rated) / len(rated) if rated else None, rating_slope=slope(rated), n_rated=len(rated),
    )  # fmt: skip


def _by_time(records: list[Record]) -> list[Record]:
    """By time where every record has one, else as they came."""
    timed = [(record.created_at, n, record) for n, record in enumerate(records) if record.created_at]
    return [record for *_, record in sorted(timed)] if len(timed) == len(records) else records


def slope(values: Sequence[float]) -> float | None:
    """Change per step of the least-squares line through the values; None under three."""
    n = len(values)
    if n < MIN_FOR_SLOPE:
        return None
    middle, mean = (n - 1) / 2, sum(values) / n
    along = sum((step - middle) * (value - mean) for step, value in enumerate(values))
    return along / sum((step - middle) ** 2 for step in range(n))
