"""Joins in Redis: one hash for the values, one for the state; one round trip a call.

A part's two calls are scripts: what they read and write must not be torn apart by another part, and one reply is
cheaper to parse than six. Both keys of a join carry it as their hash tag, so that a cluster keeps them together.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from millrace.storage.spans import store_span
from millrace.worker.join.errors import JoinUnavailable
from millrace.worker.join.store import Begun

EXPIRES_S = 3600
"""Seconds after which a forgotten join is dropped; far beyond any deadline."""

_BEGIN = """
local value = redis.call('HGET', KEYS[1], ARGV[1])
local times = redis.call('HINCRBY', KEYS[2], 'begun:' .. ARGV[1], value and 0 or 1)
redis.call('EXPIRE', KEYS[2], ARGV[2])
return {value or '', times, redis.call('HEXISTS', KEYS[2], 'closed')}
"""

_ADD = """
if redis.call('HEXISTS', KEYS[2], 'closed') == 1 then return 0 end
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
local size = redis.call('HGET', KEYS[2], 'size')
return size and redis.call('HLEN', KEYS[1]) >= tonumber(size) and 1 or 0
"""


@dataclass(frozen=True)
class RedisJoins:
    """Joins under `<prefix>{<key>}`."""

    client: "Redis"
    prefix: str = "join:"

    @store_span("open join", "redis")
    def open(self, key: str, size: int) -> None:
        """See `JoinStore`."""
        _, state = self._keys(key)
        with _translated(), self.client.pipeline(transaction=True) as pipe:
            pipe.hdel(state, "closed")
            pipe.hset(state, "size", size)
            pipe.expire(state, EXPIRES_S)
            pipe.execute()

    def seal(self, key: str) -> None:
        """See `JoinStore`."""
        _, state = self._keys(key)
        with _translated(), self.client.pipeline(transaction=False) as pipe:
            pipe.hset(state, "sealed", 1)
            pipe.expire(state, EXPIRES_S)
            pipe.execute()

    def sealed(self, key: str) -> bool:
        """See `JoinStore`."""
        with _translated():
            found = self.client.hmget(self._keys(key)[1], ["sealed", "size", "closed"])
        sealed, size, closed = _list(found)
        return sealed is not None and size is not None and closed is None

    @store_span("begin part", "redis")
    def begin(self, key: str, part: str) -> Begun:
        """See `JoinStore`."""
        with _translated():
            value, times, closed = self._begin(keys=self._keys(key), args=[part, EXPIRES_S])
        return Begun(value=_text(value) or None, times=int(times), closed=bool(closed))

    @store_span("add outcome", "redis")
    def add(self, key: str, part: str, value: str) -> bool:
        """See `JoinStore`. The count is taken after the value is in, so the last of two racing parts sees both."""
        with _translated():
            return bool(self._add(keys=self._keys(key), args=[part, value, EXPIRES_S]))

    @store_span("get outcomes", "redis")
    def values(self, key: str) -> Mapping[str, str]:
        """See `JoinStore`."""
        with _translated():
            found = self.client.hgetall(self._keys(key)[0])
        assert isinstance(found, dict)  # noqa: S101 - the client is synchronous; its stubs allow an awaitable
        return {_text(part): _text(value) for part, value in found.items()}

    def drop(self, key: str, parts: Iterable[str]) -> None:
        """See `JoinStore`."""
        values, state = self._keys(key)
        names = list(parts)
        if not names:
            return
        with _translated(), self.client.pipeline(transaction=True) as pipe:
            pipe.hdel(values, *names)
            pipe.hdel(state, *(f"begun:{name}" for name in names))
            pipe.execute()

    def close(self, key: str) -> None:
        """See `JoinStore`."""
        values, state = self._keys(key)
        with _translated(), self.client.pipeline(transaction=True) as pipe:
            pipe.delete(values, state)
            pipe.hset(state, "closed", 1)
            pipe.expire(state, EXPIRES_S)
            pipe.execute()

    def closed(self, key: str) -> bool:
        """See `JoinStore`."""
        with _translated():
            return bool(self.client.hexists(self._keys(key)[1], "closed"))

    def clear(self, key: str) -> None:
        """See `JoinStore`."""
        with _translated():
            self.client.delete(*self._keys(key))

    def _keys(self, key: str) -> tuple[str, str]:
        tagged = f"{self.prefix}{{{key}}}"
        return tagged, f"{tagged}:state"

    @cached_property
    def _begin(self) -> Any:
        return self.client.register_script(_BEGIN)

    @cached_property
    def _add(self) -> Any:
        return self.client.register_script(_ADD)


def _text(value: bytes | str) -> str:
    # What is no text was not written by us, and whoever checks signatures will see that.
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _list(found: Any) -> list[Any]:
    assert isinstance(found, list)  # noqa: S101 - the client is synchronous; its stubs allow an awaitable
    return found


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise JoinUnavailable(type(error).__name__) from error
