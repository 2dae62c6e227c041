"""How good each dataset is: counts, shares and checks. A check that fails is told, never raised."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa  # type: ignore[import-untyped]

from millrace.contracts.insights import Check, Manifest
from millrace.contracts.records import Record
from millrace.dataset_customers.domain import expectations
from millrace.dataset_customers.domain.operations import Operations
from millrace.dataset_customers.domain.rows import CustomerRow, RatingRow, SegmentRow, TicketRow
from millrace.quality.rules import Rule, checks

MIN_RATED = 0.5
"""Share of records that should have a rating; below it the scores speak for few."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What made a dataset, and from what."""

    generator: str
    code_version: int
    input_sha256: str


@dataclass(frozen=True, kw_only=True)
class Described:
    """What is said of a dataset beside its origin."""

    tables: dict[str, pa.Table]
    checks: tuple[Check, ...]
    facts: dict[str, float]
    shares: dict[str, float]


def manifest(origin: Origin, described: Described) -> Manifest:
    """The manifest of a dataset."""
    return Manifest(
        generator=origin.generator, code_version=origin.code_version, input_sha256=origin.input_sha256,
        tables={name: table.num_rows for name, table in described.tables.items()},
        checks=described.checks, facts=described.facts, shares=described.shares,
    )  # fmt: skip


def of_ratings(
    tables: dict[str, pa.Table], records: Sequence[Record], ratings: Sequence[RatingRow], segments: Sequence[SegmentRow]
) -> Described:
    """What is said of ratings and segments."""
    kinds = Counter(row.kind for row in ratings)
    rated = _share(len(ratings), len(records))
    with_text = sum(1 for row in ratings if row.has_text)
    return Described(
        tables=tables,
        checks=(
            *_of_table(tables, "ratings", expectations.RATINGS),
            *_of_table(tables, "segments", expectations.SEGMENTS),
            Check(name="rated_records", passed=rated >= MIN_RATED, detail=f"{rated:.1%}, at least {MIN_RATED:.0%}"),
        ),
        facts={
            "records": len(records), "rated": len(ratings), "rated_with_text": with_text,
            "segments": len({row.name for row in segments}),
        },
        shares={
            "rated": rated,
            "with_text": _share(with_text, len(ratings)),
            "with_time": _share(sum(1 for row in ratings if row.created_at), len(ratings)),
            "with_customer": _share(sum(1 for row in ratings if row.customer), len(ratings)),
            **{f"kind_{kind}": _share(kinds[kind], len(ratings)) for kind in sorted(kinds)},
        },
    )  # fmt: skip


def of_customers(tables: dict[str, pa.Table], records: Sequence[Record], customers: Sequence[CustomerRow]) -> Described:
    """What is said of the customers and their contacts."""
    named = sum(1 for record in records if record.customer_ref.strip())
    return Described(
        tables=tables,
        checks=(
            *_of_table(tables, "customers", expectations.CUSTOMERS),
            *_of_table(tables, "contacts", expectations.CONTACTS),
        ),
        facts={
            "records": len(records),
            "customers": len(customers),
            "repeat_customers": sum(1 for row in customers if row.contacts > 1),
            "churned": sum(1 for row in customers if row.churned),
            "records_without_customer": len(records) - named,
        },
        shares={
            "with_customer": _share(named, len(records)),
            "rated": _share(sum(1 for row in customers if row.n_rated), len(customers)),
            "with_plan": _share(sum(1 for row in customers if row.plan), len(customers)),
            "churn_told": _share(sum(1 for row in customers if row.churned is not None), len(customers)),
        },
    )


def of_operations(tables: dict[str, pa.Table], records: Sequence[Record], found: Operations) -> Described:
    """What is said of tickets and hours."""
    timed = sum(1 for record in records if record.created_at)
    return Described(
        tables=tables,
        checks=(
            *_of_table(tables, "tickets", expectations.TICKETS),
            *_of_table(tables, "hourly", expectations.HOURLY),
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


def _of_table(tables: dict[str, pa.Table], name: str, rules: Sequence[Rule]) -> list[Check]:
    return checks(tables[name], expectations.schemas()[name], rules)


def _none(name: str, count: int, what: str) -> Check:
    return Check(name=name, passed=count == 0, detail=f"{count} {what}")


def _share(count: int, total: int) -> float:
    return round(count / total, 6) if total else 0.0
