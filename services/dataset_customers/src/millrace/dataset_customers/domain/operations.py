"""Tickets and the load by hour."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from millrace.contracts.records import Record
from millrace.dataset_customers.domain.lifecycle import Lifecycle, lifecycle
from millrace.dataset_customers.domain.people import person
from millrace.dataset_customers.domain.rows import HourRow, TicketRow

_LAST = datetime.max.replace(tzinfo=UTC)
_HOUR = timedelta(hours=1)

Tickets = dict[str, Lifecycle]
"""Life cycle by conversation."""


@dataclass(frozen=True, kw_only=True)
class Operations:
    """What the batch tells of the helpdesk's work."""

    tickets: list[TicketRow]
    hourly: list[HourRow]
    negative: int
    """Durations that would be below zero, and are left out."""
    unreadable: int
    """Times in the attributes that could not be read."""


def operations(records: Sequence[Record], tenant: str) -> Operations:
    """Tickets by first appearance, none when the batch is no helpdesk's; and the load by hour, none without times."""
    threads: dict[str, list[Record]] = {}
    for record in records:
        threads.setdefault(record.conv_id, []).append(record)
    found: Tickets = {}
    for conv_id, thread in threads.items():
        thread.sort(key=lambda record: record.created_at or _LAST)
        life = lifecycle(thread)
        if life is not None:
            found[conv_id] = life
    return Operations(
        tickets=[_ticket(conv_id, life, len(threads[conv_id]), tenant) for conv_id, life in found.items()],
        hourly=hourly(records, found.values()),
        negative=sum(1 for life in found.values() for seconds in _durations(life) if (seconds or 0) < 0),
        unreadable=sum(life.unreadable for life in found.values()),
    )


def _ticket(conv_id: str, life: Lifecycle, turns: int, tenant: str) -> TicketRow:
    reply, resolution = (None if seconds is None or seconds < 0 else seconds for seconds in _durations(life))
    return TicketRow(
        conv_id=conv_id, opened_at=life.opened_at, first_reply_s=reply, resolution_s=resolution, turns=turns,
        reopened=life.reopened, agent=person(tenant, life.agent),
    )  # fmt: skip


def _durations(life: Lifecycle) -> tuple[float | None, float | None]:
    """Seconds to the first reply and to the resolution."""
    return _between(life.opened_at, life.first_reply_at), _between(life.opened_at, life.resolved_at)


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None


def hourly(records: Iterable[Record], lives: Iterable[Lifecycle]) -> list[HourRow]:
    """A row for each hour in which a record came in or a ticket opened or ended: records, and tickets open at its end.

    A ticket without a resolution counts as open until its last turn, or for good where its status says so.
    """
    came = Counter(_hour(record.created_at) for record in records if record.created_at)
    change: Counter[datetime] = Counter()
    for life in lives:
        if life.opened_at is None:
            continue
        change[_hour(life.opened_at)] += 1
        ended = life.resolved_at or life.last_at
        if not life.is_open and ended is not None:
            change[_hour(max(ended, life.opened_at))] -= 1
    rows, backlog = [], 0
    for hour in sorted(came.keys() | change.keys()):
        backlog += change[hour]
        rows.append(HourRow(hour=hour, records=came[hour], backlog=backlog))
    return rows


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
