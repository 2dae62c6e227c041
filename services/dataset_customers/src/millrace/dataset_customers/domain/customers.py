"""One row per customer: how often, how recently, how satisfied; and one for each of their records."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from millrace.contracts.records import Record
from millrace.contracts.roles import AGENT
from millrace.dataset_customers.domain.lifecycle import lifecycle
from millrace.dataset_customers.domain.people import person
from millrace.dataset_customers.domain.profile import Profile
from millrace.dataset_customers.domain.ratings import normalised
from millrace.dataset_customers.domain.rows import ContactRow, CustomerRow

MIN_FOR_SLOPE = 3
"""Ratings from which a slope means anything."""
MIN_FOR_RATE = 2
"""Dated contacts from which there is a span of time."""
PERIOD_DAYS = 30.0
"""A shorter span counts as one period: two contacts on one day are two in 30 days, not sixty."""
_DAY_S = 86_400
_LAST = datetime.max.replace(tzinfo=UTC)


def customers(records: Sequence[Record], tenant: str) -> list[CustomerRow]:
    """One row per customer, in the order of their hashes. Agents' records are not their customer's.

    Recency counts back from the latest record of the batch, not from now: the same batch gives the same rows.
    """
    own: dict[str, list[Record]] = {}
    for record in records:
        if record.customer_ref.strip() and record.role != AGENT:
            own.setdefault(person(tenant, record.customer_ref), []).append(record)
    latest = max((record.created_at for record in records if record.created_at), default=None)
    reopened = _reopened(records, tenant)
    return [_row(customer, own[customer], latest, reopened[customer]) for customer in sorted(own)]


def contacts(records: Sequence[Record], tenant: str) -> list[ContactRow]:
    """One row per record whose customer is known, in the order of the records; answers among them."""
    return [
        ContactRow(
            record_id=record.record_id, customer=person(tenant, record.customer_ref), conv_id=record.conv_id,
            created_at=record.created_at, role=record.role,
        )
        for record in records
        if record.customer_ref.strip()
    ]  # fmt: skip


def _row(customer: str, records: list[Record], latest: datetime | None, reopened: int) -> CustomerRow:
    times = sorted(record.created_at for record in records if record.created_at)
    ordered = _by_time(records)
    rated = [normalised(record.rating) for record in ordered if record.rating]
    profile = Profile(ordered)
    return CustomerRow(
        customer=customer, contacts=len({record.conv_id for record in records}),
        first_at=times[0] if times else None, last_at=times[-1] if times else None,
        recency_days=(latest - times[-1]).total_seconds() / _DAY_S if times and latest else None,
        rating_mean=sum(rated) / len(rated) if rated else None, rating_slope=slope(rated), n_rated=len(rated),
        contact_rate=contact_rate(records), reopened=reopened, plan=profile.plan(),
        tenure_days=profile.tenure_days(times[-1] if times else latest), churned=profile.churned(),
    )  # fmt: skip


def contact_rate(records: Sequence[Record]) -> float | None:
    """Contacts per 30 days between the first and the last; None under two with a time. A contact is a conversation."""
    times = [record.created_at for record in records if record.created_at]
    count = len({record.conv_id for record in records if record.created_at})
    if count < MIN_FOR_RATE:
        return None
    span = (max(times) - min(times)).total_seconds() / _DAY_S
    return count * PERIOD_DAYS / max(span, PERIOD_DAYS)


def _reopened(records: Sequence[Record], tenant: str) -> Counter[str]:
    """How often each customer's tickets were opened again."""
    threads: dict[str, list[Record]] = {}
    for record in records:
        threads.setdefault(record.conv_id, []).append(record)
    found: Counter[str] = Counter()
    for members in threads.values():
        life = lifecycle(sorted(members, key=lambda record: record.created_at or _LAST))
        if life is not None and life.reopened:
            found.update(dict.fromkeys({person(tenant, record.customer_ref) for record in members}, life.reopened))
    return found


def _by_time(records: list[Record]) -> list[Record]:
    """By time where every record has one, else as they came."""
    timed = all(record.created_at for record in records)
    return sorted(records, key=lambda record: record.created_at or _LAST) if timed else records


def slope(values: Sequence[float]) -> float | None:
    """Change per step of the least-squares line through the values; None under three."""
    n = len(values)
    if n < MIN_FOR_SLOPE:
        return None
    middle, mean = (n - 1) / 2, sum(values) / n
    along = sum((step - middle) * (value - mean) for step, value in enumerate(values))
    return along / sum((step - middle) ** 2 for step in range(n))
