"""Ratings of every scale, side by side between 0 and 1."""

from collections.abc import Iterable

from millrace.contracts.records import Rating, Record
from millrace.dataset_customers.domain.columns import harmless
from millrace.dataset_customers.domain.people import person
from millrace.dataset_customers.domain.rows import RatingRow


def ratings(records: Iterable[Record], tenant: str) -> list[RatingRow]:
    """One row per rated record, in the order of the records."""
    return [_row(record, record.rating, tenant) for record in records if record.rating is not None]


def normalised(rating: Rating) -> float:
    """The rating between 0 (worst) and 1 (best): its place between the scale's ends."""
    low, high = rating.scale.bounds
    return (rating.value - low) / (high - low)


def _row(record: Record, rating: Rating, tenant: str) -> RatingRow:
    return RatingRow(
        record_id=record.record_id, customer=person(tenant, record.customer_ref), created_at=record.created_at,
        product=harmless(record.product), kind=rating.scale.value, raw=rating.value, norm=normalised(rating),
        has_text=bool(record.text.strip() or record.title.strip()),
    )  # fmt: skip
