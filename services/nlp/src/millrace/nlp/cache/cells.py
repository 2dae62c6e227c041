"""Where the cache keeps its bytes: Redis, and its twin in memory."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from millrace.nlp.errors import CacheUnavailable

TIMEOUT_S = 0.3
"""Seconds for one answer. A Redis that is slower is not worth waiting for: computing anew takes about as long."""


class Cells(Protocol):
    """Bytes under names, for a while. CacheUnavailable when the store does not answer in time."""

    def get(self, names: Sequence[str]) -> list[bytes | None]:
        """What is there, in the order of the names."""

    def put(self, cells: Mapping[str, bytes], ttl_s: int) -> None:
        """Keep these for so many seconds; what was there before is gone."""

    def put_first(self, name: str, data: bytes, ttl_s: int) -> bytes:
        """Keep this unless something is there already; returns what is there now."""


@dataclass(frozen=True)
class RedisCells:
    """Cells under `nlp:<name>`."""

    client: "Redis"

    def get(self, names: Sequence[str]) -> list[bytes | None]:
        """See `Cells`."""
        with _translated():
            found = self.client.mget([f"nlp:{name}" for name in names])
        return list(found)  # type: ignore[arg-type]

    def put(self, cells: Mapping[str, bytes], ttl_s: int) -> None:
        """See `Cells`."""
        with _translated():
            pipeline = self.client.pipeline(transaction=False)
            for name, data in cells.items():
                pipeline.set(f"nlp:{name}", data, ex=ttl_s)
            pipeline.execute()

    def put_first(self, name: str, data: bytes, ttl_s: int) -> bytes:
        """See `Cells`."""
        with _translated():
            if self.client.set(f"nlp:{name}", data, ex=ttl_s, nx=True):
                return data
            there = self.client.get(f"nlp:{name}")
        return there if isinstance(there, bytes) else data


@dataclass
class MemoryCells:
    """Cells in a dict."""

    clock: Callable[[], float] = time.monotonic
    cells: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    """Bytes, and when they expire."""

    def get(self, names: Sequence[str]) -> list[bytes | None]:
        """See `Cells`."""
        return [self._live(name) for name in names]

    def put(self, cells: Mapping[str, bytes], ttl_s: int) -> None:
        """See `Cells`."""
        until = self.clock() + ttl_s
        self.cells.update((name, (data, until)) for name, data in cells.items())

    def put_first(self, name: str, data: bytes, ttl_s: int) -> bytes:
        """See `Cells`."""
        there = self._live(name)
        if there is None:
            self.put({name: data}, ttl_s)
        return data if there is None else there

    def _live(self, name: str) -> bytes | None:
        data, until = self.cells.get(name, (None, 0.0))
        return data if self.clock() < until else None


def redis_cells(url: str) -> RedisCells:
    """Cells of this Redis, through a client that gives up soon."""
    client = Redis.from_url(
        url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
    )
    return RedisCells(client)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise CacheUnavailable(f"redis: {type(error).__name__}") from error
