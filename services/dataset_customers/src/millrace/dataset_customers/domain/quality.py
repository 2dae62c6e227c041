"""How good each dataset is: counts, shares and checks. A check that fails is told, never raised."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from millrace.contracts.insights import Check, Manifest
from millrace.contracts.records import Record
from millrace.dataset_customers.domain.operations import Operations
from millrace.dataset_customers.domain.rows import CustomerRow, RatingRow, SegmentRow, TicketRow

MIN_RATED = 0.5
"""Share of records that should have a rating; below it the scores speak for few."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What made a dataset, and from what."""

    generator: str
    code_version: int
    input_sha256: str


def of_ratings(
    origin: Origin, records: Sequence[Record], ratings: Sequence[RatingRow], segments: Sequence[SegmentRow]
) -> Manifest:
    """The manifest of ratings and segments."""
    kinds = Counter(row.kind for row in ratings)
    rated = _share(len(ratings), len(records))
    return _manifest(
        origin,
        tables={"ratings": len(ratings), "segments": len(segments)},
        checks=(
            _none("record_ids_unique", _repeated(row.record_id for row in ratings), "repeated ids"),
            _none("on_scale", sum(1 for row in ratings if not 0 <= row.norm <= 1), "ratings beyond their scale"),
            Check(name="rated_records", passed=rated >= MIN_RATED, detail=f"{rated:.1%}, at least {MIN_RATED:.0%}"),
        ),
        facts={
            "records": len(records),
            "rated": len(ratings),
            "rated_with_text": sum(1 for row in ratings if row.has_text),
            "segments": len({row.name for row in segments}),
        },
        shares={
            "rated": rated,
            "with_text": _share(sum(1 for row in ratings if row.has_text), len(ratings)),
            "with_time": _share(sum(1 for row in ratings if row.created_at), len(ratings)),
            "with_customer": _share(sum(1 for row in ratings if row.customer), len(ratings)),
            **{f"kind_{kind}": _share(kinds[kind], len(ratings)) for kind in sorted(kinds)},
        },
    )


def of_customers(origin: Origin, records: Sequence[Record], customers: Sequence[CustomerRow]) -> Manifest:
    """The manifest of the customers."""
    backwards = sum(1 for row in customers if row.first_at and row.last_at and row.first_at > row.last_at)
    named = sum(1 for record in records if record.customer_ref.strip())
    return _manifest(
        origin,
        tables={"customers": len(customers)},
        checks=(
            _none("customers_unique", _repeated(row.customer for row in customers), "repeated customers"),
            _none("times_ordered", backwards, "customers whose last contact is before their first"),
        ),
        facts={
            "records": len(records),
            "customers": len(customers),
            "repeat_customers": sum(1 for row in customers if row.contacts > 1),
            "records_without_customer": len(records) - named,
        },
        shares={
            "with_customer": _share(named, len(records)),
            "rated": _share(sum(1 for row in customers if row.n_rated), len(customers)),
        },
    )


def of_operations(origin: Origin, records: Sequence[Record], found: Operations) -> Manifest:
    """The manifest of tickets and hours."""
    timed = sum(1 for record in records if record.created_at)
    return _manifest(
        origin,
        tables={"tickets": len(found.tickets), "hourly": len(found.hourly)},
        checks=(
            _none("conversations_unique", _repeated(row.conv_id for row in found.tickets), "repeated conversations"),
            _none("durations_not_negative", found.negative, "durations left out"),
            _none("times_readable", found.unreadable, "times that are not ISO 8601"),
        ),
        facts={"records": len(records), **_ticket_facts(found.tickets), "hours": len(found.hourly)},
        shares={"with_time": _share(timed, len(records))},
    )


def _ticket_facts(tickets: Sequence[TicketRow]) -> dict[str, float]:
    return {
        "tickets": len(tickets),
        "replied": sum(1 for row in tickets if row.first_reply_s is not None),
        "resolved": sum(1 for row in tickets if row.resolution_s is not None),
        "reopened": sum(1 for row in tickets if row.reopened),
        "agents": len({row.agent for row in tickets if row.agent}),
    }


def _manifest(
    origin: Origin, tables: dict[str, int], checks: tuple[Check, ...], facts: dict[str, float], shares: dict[str, float]
) -> Manifest:
    return Manifest(
        generator=origin.generator, code_version=origin.code_version, input_sha256=origin.input_sha256, tables=tables,
        checks=checks, facts=facts, shares=shares,
    )  # fmt: skip


def _repeated(ids: Iterable[str]) -> int:
    return sum(count - 1 for count in Counter(ids).values())


def _none(name: str, count: int, what: str) -> Check:
    return Check(name=name, passed=count == 0, detail=f"{count} {what}")


def _share(count: int, total: int) -> float:
    return round(count / total, 6) if total else 0.0
