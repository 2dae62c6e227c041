"""What the API takes in a query."""

from collections.abc import Mapping
from datetime import datetime

from millrace.contracts.run import RunStatus

Query = dict[str, str | list[str]]


def submission(
    *,
    flow: str,
    callback_url: str | None,
    mapping: Mapping[str, str] | None,
    scale: str | None,
    metadata: Mapping[str, str] | None,
    deadline_s: float | None,
) -> Query:
    """How a file is to be read and run; ValueError for a name that holds a colon."""
    deadline = f"{deadline_s:g}" if deadline_s is not None else None
    given = {"flow": flow, "callback_url": callback_url, "deadline_s": deadline, "scale": scale}
    return _given(given) | {"map": _pairs(mapping), "meta": _pairs(metadata)}


def listing(
    *,
    status: RunStatus | None,
    flow: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    cursor: str | None,
) -> Query:
    """Which runs are to be listed; ValueError for a time without its zone."""
    return _given(
        {
            "status": status.value if status else None, "flow": flow, "since": _moment(since), "until": _moment(until),
            "limit": str(limit) if limit is not None else None, "cursor": cursor,
        }
    )  # fmt: skip


def _given(values: Mapping[str, str | None]) -> Query:
    return {name: value for name, value in values.items() if value is not None}


def _moment(given: datetime | None) -> str | None:
    if given is not None and given.utcoffset() is None:
        raise ValueError("a time needs its zone")
    return given.isoformat() if given is not None else None


def _pairs(given: Mapping[str, str] | None) -> list[str]:
    """`name:value` each, as the query takes them."""
    if any(":" in name for name in given or {}):
        raise ValueError("a name may not hold a colon")
    return [f"{name}:{value}" for name, value in (given or {}).items()]
