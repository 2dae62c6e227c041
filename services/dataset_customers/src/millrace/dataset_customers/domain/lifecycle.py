"""The life cycle of one thread, from its turns and from what the helpdesk sent in the attributes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from millrace.contracts.records import Record
from millrace.contracts.roles import AGENT
from millrace.dataset_customers.domain.columns import bare

OPENED = frozenset({"openedat", "opened", "ticketcreatedat", "startedat"})
FIRST_REPLY = frozenset({"firstreplyat", "firstresponseat", "firstrepliedat", "firstrespondedat"})
RESOLVED = frozenset({"resolvedat", "closedat", "solvedat", "resolved", "closed", "solved"})
STATUS = frozenset({"status", "state", "ticketstatus"})
REOPENED = frozenset({"reopened", "reopens", "reopencount", "reopenings"})
HANDLED_BY = frozenset({"agent", "agentname", "agentid", "assignee", "assignedto", "handledby"})
"""Attribute names, in lower case and without anything between their words."""
TIMES = frozenset(name for name in OPENED | FIRST_REPLY | RESOLVED if name.endswith("at"))
"""Those that must hold a time; a `resolved` may also hold a yes."""

OPEN_STATES = frozenset({"open", "new", "pending", "reopened", "on hold", "in progress", "waiting", "escalated"})
CLOSED_STATES = frozenset({"closed", "solved", "resolved", "done", "completed"})
_YES = frozenset({"yes", "true", "y"})
_MOST_DIGITS = 6
"""A longer number is no count, and may not fit into its column."""


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """What is known of a thread. Times that the data does not give are None."""

    opened_at: datetime | None
    first_reply_at: datetime | None
    resolved_at: datetime | None
    last_at: datetime | None
    is_open: bool
    """Its status says that it still waits."""
    reopened: int
    agent: str
    """As the producer names the agent: not for any output."""
    unreadable: int
    """Times in the attributes that could not be read."""


def lifecycle(thread: list[Record]) -> Lifecycle | None:
    """The life cycle of a thread whose records are in order; None when it is no ticket.

    A ticket has a turn by an agent or at least one attribute of a life cycle.
    """
    attrs = list(_attributes(thread))
    status = _last(value.lower().replace("_", " ").replace("-", " ") for _, value in _under(attrs, STATUS))
    known = status if status in OPEN_STATES | CLOSED_STATES else ""
    told = _under(attrs, FIRST_REPLY | RESOLVED | REOPENED | HANDLED_BY)
    if not known and not told and not any(record.role == AGENT for record in thread):
        return None
    times = [record.created_at for record in thread if record.created_at]
    return Lifecycle(
        opened_at=_earliest(attrs, OPENED) or min(times, default=None),
        first_reply_at=_earliest(attrs, FIRST_REPLY) or _first_answer(thread),
        resolved_at=_latest(attrs, RESOLVED),
        last_at=max(times, default=None),
        is_open=known in OPEN_STATES,
        reopened=max((_count(value) for _, value in _under(attrs, REOPENED)), default=int(known == "reopened")),
        agent=_last(value for _, value in _under(attrs, HANDLED_BY)),
        unreadable=sum(1 for key, value in attrs if key in TIMES and moment(value) is None),
    )


def moment(text: str) -> datetime | None:
    """An ISO 8601 time, UTC where it names no zone; None for anything else, and for what is no year in UTC."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _attributes(thread: list[Record]) -> Iterator[tuple[str, str]]:
    for record in thread:
        for key, value in record.attrs.items():
            if value.strip():
                yield bare(key), value.strip()


def _under(attrs: list[tuple[str, str]], names: frozenset[str]) -> list[tuple[str, str]]:
    return [(key, value) for key, value in attrs if key in names]


def _moments(attrs: list[tuple[str, str]], names: frozenset[str]) -> list[datetime]:
    return [found for _, value in _under(attrs, names) if (found := moment(value)) is not None]


def _earliest(attrs: list[tuple[str, str]], names: frozenset[str]) -> datetime | None:
    return min(_moments(attrs, names), default=None)


def _latest(attrs: list[tuple[str, str]], names: frozenset[str]) -> datetime | None:
    return max(_moments(attrs, names), default=None)


def _first_answer(thread: list[Record]) -> datetime | None:
    """When an agent first answered: the first agent's turn after someone else's."""
    asked = False
    for record in thread:
        if asked and record.role == AGENT and record.created_at:
            return record.created_at
        asked = asked or record.role != AGENT
    return None


def _count(value: str) -> int:
    if value.lower() in _YES:
        return 1
    return int(value) if value.isdecimal() and len(value) <= _MOST_DIGITS else 0


def _last(values: Iterable[str]) -> str:
    found = ""
    for value in values:
        found = value
    return found
