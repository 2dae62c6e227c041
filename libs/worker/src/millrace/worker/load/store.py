"""What workers tell of their load: in Redis, or in memory with the same behaviour. May be lost at any time.

No two clocks are compared: a worker that falls silent is forgotten by Redis's own expiry, and a measurement fades by
Redis's own time, so it does not matter what the workers' clocks say.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from millrace.worker.errors import RetryableError

ALIVE_S = 4.0
"""Seconds after which a worker that has not said so again is no longer counted: three beats may be lost."""
FADES_S = 10.0
"""A measurement's weight falls to 1/e in so many seconds: on average it is as old as those of a 20 s window."""
REMEMBERED_S = 3600
"""Seconds for which the last known time per message of a queue is kept while nothing runs."""
CALL_S = 0.25
"""Longest wait for Redis: the beat is sent from the worker's own loop, which has messages to renew too."""


class LoadUnavailable(RetryableError):
    """Nobody can tell how busy the queues are."""

    code = "load_unavailable"


class LoadStore(Protocol):
    """Live slots and seconds per message, by queue. Every method raises LoadUnavailable when it does not answer."""

    def alive(self, worker: str, queue: str, slots: int) -> None:
        """This worker takes messages off the queue, so many at a time; true for `ALIVE_S` seconds."""

    def took(self, queue: str, messages: int, seconds: float) -> None:
        """So many messages of the queue took so many seconds of work in all."""

    def slots(self) -> Mapping[str, int]:
        """Slots of live workers by queue; a queue without one is left out."""

    def seconds(self, queues: Sequence[str]) -> Mapping[str, float]:
        """Seconds per message by queue, later ones counting more; a queue that was never measured is left out."""


@dataclass
class MemoryLoad:
    """The load in dicts."""

    clock: Callable[[], float] = time.monotonic
    alive_s: float = ALIVE_S
    fades_s: float = FADES_S
    workers: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    """(worker, queue) → its slots, and until when that holds."""
    measured: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """Queue → faded messages, their seconds, and when that was."""

    def alive(self, worker: str, queue: str, slots: int) -> None:
        """See `LoadStore`."""
        self.workers[worker, queue] = slots, self.clock() + self.alive_s

    def took(self, queue: str, messages: int, seconds: float) -> None:
        """See `LoadStore`."""
        at = self.clock()
        known, spent, before = self.measured.get(queue, (0.0, 0.0, at))
        kept = math.exp((before - at) / self.fades_s)
        self.measured[queue] = known * kept + messages, spent * kept + seconds, at

    def slots(self) -> Mapping[str, int]:
        """See `LoadStore`."""
        found: dict[str, int] = {}
        for (_, queue), (slots, until) in self.workers.items():
            if until > self.clock():
                found[queue] = found.get(queue, 0) + slots
        return found

    def seconds(self, queues: Sequence[str]) -> Mapping[str, float]:
        """See `LoadStore`."""
        found = {queue: self.measured[queue] for queue in queues if queue in self.measured}
        return {queue: seconds / messages for queue, (messages, seconds, _) in found.items()}


_TOOK = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local known = redis.call('HMGET', KEYS[1], 'messages', 'seconds', 'at')
local kept = math.min(1, math.exp(((known[3] or now) - now) / ARGV[3]))
local messages = (known[1] or 0) * kept + ARGV[1]
local seconds = (known[2] or 0) * kept + ARGV[2]
redis.call('HSET', KEYS[1], 'messages', messages, 'seconds', seconds, 'at', now)
redis.call('EXPIRE', KEYS[1], ARGV[4])
"""


@dataclass(frozen=True)
class RedisLoad:
    """A key for each live worker, a set of their names, and a hash of faded sums for each queue."""

    client: "Redis"
    alive_s: float = ALIVE_S
    fades_s: float = FADES_S
    prefix: str = "load:"

    def alive(self, worker: str, queue: str, slots: int) -> None:
        """See `LoadStore`."""
        name = f"{worker} {queue}"
        with _translated(), self.client.pipeline(transaction=False) as pipe:
            pipe.set(f"{self.prefix}worker:{name}", slots, px=int(self.alive_s * 1000))
            pipe.sadd(f"{self.prefix}workers", name)
            pipe.execute()

    def took(self, queue: str, messages: int, seconds: float) -> None:
        """See `LoadStore`."""
        with _translated():
            self._took(keys=[self._measured(queue)], args=[messages, seconds, self.fades_s, REMEMBERED_S])

    def slots(self) -> Mapping[str, int]:
        """See `LoadStore`. Names of workers that are gone are taken off the set on the way."""
        workers = f"{self.prefix}workers"
        with _translated():
            members: Any = self.client.smembers(workers)
            names = sorted(name.decode() for name in members)
            values: Any = self.client.mget([f"{self.prefix}worker:{name}" for name in names]) if names else []
            gone = [name for name, value in zip(names, values, strict=True) if value is None]
            if gone:
                self.client.srem(workers, *gone)
        found: dict[str, int] = {}
        for name, value in zip(names, values, strict=True):
            if value is not None:
                queue = name.rpartition(" ")[2]
                found[queue] = found.get(queue, 0) + int(value)
        return found

    def seconds(self, queues: Sequence[str]) -> Mapping[str, float]:
        """See `LoadStore`."""
        with _translated(), self.client.pipeline(transaction=False) as pipe:
            for queue in queues:
                pipe.hmget(self._measured(queue), "messages", "seconds")
            sums = pipe.execute()
        return {
            queue: float(seconds) / float(messages)
            for queue, (messages, seconds) in zip(queues, sums, strict=True)
            if messages is not None
        }

    def _measured(self, queue: str) -> str:
        return f"{self.prefix}measured:{queue}"

    @cached_property
    def _took(self) -> Any:
        return self.client.register_script(_TOOK)


def connect_load(redis_url: str) -> RedisLoad:
    """The load in Redis, over a client that rather gives up than holds up a worker."""
    client = Redis.from_url(
        redis_url, socket_timeout=CALL_S, socket_connect_timeout=CALL_S, retry=Retry(NoBackoff(), 0)
    )
    return RedisLoad(client)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise LoadUnavailable(f"redis: {type(error).__name__}") from error
