"""Where parts of open joins are counted: in Redis, or in memory with the same behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from redis import Redis

EXPIRES_S = 3600
"""Seconds after which a forgotten join is dropped; far beyond any deadline."""


class JoinStore(Protocol):
    """Values of a join's parts as they come in. May be lost at any time: the caller keeps the truth elsewhere."""

    def open(self, key: str, size: int) -> None:
        """Expect this many parts; harmless when repeated."""

    def opened(self, key: str) -> bool:
        """Whether the join was opened and is not lost or closed."""

    def add(self, key: str, part: str, value: str) -> bool:
        """Keep the part's first value; True when every part of an opened join now has one."""

    def get(self, key: str, part: str) -> str | None:
        """The part's value, or None when it has none yet."""

    def values(self, key: str) -> Mapping[str, str]:
        """The values so far, by part."""

    def drop(self, key: str, part: str) -> None:
        """Forget a part's value, so that it may report again."""

    def close(self, key: str) -> None:
        """Forget the join."""


@dataclass
class MemoryJoins:
    """Joins in a dict."""

    sizes: dict[str, int] = field(default_factory=dict)
    parts: dict[str, dict[str, str]] = field(default_factory=dict)

    def open(self, key: str, size: int) -> None:
        """See `JoinStore`."""
        self.sizes[key] = size

    def opened(self, key: str) -> bool:
        """See `JoinStore`."""
        return key in self.sizes

    def add(self, key: str, part: str, value: str) -> bool:
        """See `JoinStore`."""
        parts = self.parts.setdefault(key, {})
        parts.setdefault(part, value)
        return key in self.sizes and len(parts) >= self.sizes[key]

    def get(self, key: str, part: str) -> str | None:
        """See `JoinStore`."""
        return self.parts.get(key, {}).get(part)

    def values(self, key: str) -> Mapping[str, str]:
        """See `JoinStore`."""
        return dict(self.parts.get(key, {}))

    def drop(self, key: str, part: str) -> None:
        """See `JoinStore`."""
        self.parts.get(key, {}).pop(part, None)

    def close(self, key: str) -> None:
        """See `JoinStore`."""
        self.sizes.pop(key, None)
        self.parts.pop(key, None)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


@dataclass(frozen=True)
class RedisJoins:
    """Joins as a Redis hash of values and a string for the size. One round trip per part."""

    client: "Redis"
    prefix: str = "join:"

    def open(self, key: str, size: int) -> None:
        """See `JoinStore`."""
        self.client.set(f"{self.prefix}{key}:size", size, ex=EXPIRES_S)

    def opened(self, key: str) -> bool:
        """See `JoinStore`."""
        return bool(self.client.exists(f"{self.prefix}{key}:size"))

    def add(self, key: str, part: str, value: str) -> bool:
        """See `JoinStore`. The count is taken after the value is in, so the last of two racing parts sees both."""
        parts = f"{self.prefix}{key}"
        with self.client.pipeline(transaction=True) as pipe:
            pipe.hsetnx(parts, part, value)
            pipe.hlen(parts)
            pipe.get(f"{parts}:size")
            pipe.expire(parts, EXPIRES_S)
            _, count, size, _ = pipe.execute()
        return size is not None and count >= int(size)

    def get(self, key: str, part: str) -> str | None:
        """See `JoinStore`."""
        value = self.client.hget(f"{self.prefix}{key}", part)
        return value.decode() if isinstance(value, bytes) else None

    def values(self, key: str) -> Mapping[str, str]:
        """See `JoinStore`."""
        found = self.client.hgetall(f"{self.prefix}{key}")
        assert isinstance(found, dict)  # noqa: S101 - the client is synchronous; its stubs allow an awaitable
        return {_text(part): _text(value) for part, value in found.items()}

    def drop(self, key: str, part: str) -> None:
        """See `JoinStore`."""
        self.client.hdel(f"{self.prefix}{key}", part)

    def close(self, key: str) -> None:
        """See `JoinStore`."""
        self.client.delete(f"{self.prefix}{key}", f"{self.prefix}{key}:size")
