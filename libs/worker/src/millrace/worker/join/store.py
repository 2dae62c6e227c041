"""What a store of joins promises, and its twin in memory. The real one is in `redis_store`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What a join knows of a part that is about to run."""

    value: str | None = None
    """The value that the part has reported already."""
    times: int = 1
    """How often it was begun without reporting, this time included."""
    closed: bool = False
    """Nobody waits for the join any more."""


class JoinStore(Protocol):
    """Values of a join's parts as they come in. May be lost at any time: the caller keeps the truth elsewhere.

    Every method raises JoinUnavailable when the store does not answer.
    """

    def open(self, key: str, size: int) -> None:
        """Expect this many parts; values that are there already stay. A closed join is open again."""

    def seal(self, key: str) -> None:
        """Every part of the join has been published."""

    def sealed(self, key: str) -> bool:
        """Whether the join was opened and sealed, and is neither lost nor closed."""

    def begin(self, key: str, part: str) -> Begun:
        """Count that the part is begun."""

    def add(self, key: str, part: str, value: str) -> bool:
        """Keep the part's first value; True when enough parts of an open join now have one."""

    def values(self, key: str) -> Mapping[str, str]:
        """The values so far, by part."""

    def drop(self, key: str, parts: Iterable[str]) -> None:
        """Forget these parts' values and how often they were begun, so that they may report again."""

    def close(self, key: str) -> None:
        """Forget the join's values and take no more: parts that begin later are told that nobody waits."""

    def closed(self, key: str) -> bool:
        """Whether the join was closed."""

    def clear(self, key: str) -> None:
        """Forget the join as if it had never been."""


@dataclass
class _Join:
    size: int | None = None
    sealed: bool = False
    closed: bool = False
    values: dict[str, str] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)


@dataclass
class MemoryJoins:
    """Joins in a dict."""

    joins: dict[str, _Join] = field(default_factory=dict)

    def open(self, key: str, size: int) -> None:
        """See `JoinStore`."""
        join = self.joins.setdefault(key, _Join())
        join.size, join.closed = size, False

    def seal(self, key: str) -> None:
        """See `JoinStore`."""
        self.joins.setdefault(key, _Join()).sealed = True

    def sealed(self, key: str) -> bool:
        """See `JoinStore`."""
        join = self.joins.get(key, _Join())
        return join.sealed and join.size is not None and not join.closed

    def begin(self, key: str, part: str) -> Begun:
        """See `JoinStore`."""
        join = self.joins.setdefault(key, _Join())
        if part in join.values:
            return Begun(value=join.values[part], times=join.begun.get(part, 0), closed=join.closed)
        join.begun[part] = join.begun.get(part, 0) + 1
        return Begun(times=join.begun[part], closed=join.closed)

    def add(self, key: str, part: str, value: str) -> bool:
        """See `JoinStore`."""
        join = self.joins.setdefault(key, _Join())
        if join.closed:
            return False
        join.values.setdefault(part, value)
        return join.size is not None and len(join.values) >= join.size

    def values(self, key: str) -> Mapping[str, str]:
        """See `JoinStore`."""
        return dict(self.joins.get(key, _Join()).values)

    def drop(self, key: str, parts: Iterable[str]) -> None:
        """See `JoinStore`."""
        join = self.joins.get(key, _Join())
        for part in parts:
            join.values.pop(part, None)
            join.begun.pop(part, None)

    def close(self, key: str) -> None:
        """See `JoinStore`."""
        self.joins[key] = _Join(closed=True)

    def closed(self, key: str) -> bool:
        """See `JoinStore`."""
        return self.joins.get(key, _Join()).closed

    def clear(self, key: str) -> None:
        """See `JoinStore`."""
        self.joins.pop(key, None)
