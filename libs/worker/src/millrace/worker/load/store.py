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

    def alive(self, worker: str, queue: str, slots: int, held: int = 0) -> None:
        """This worker takes messages off the queue, so many at a time, and holds so many; for `ALIVE_S` seconds."""

    def took(self, queue: str, messages: int, seconds: float) -> None:
        """So many messages of the queue took so many seconds of work in all."""

    def slots(self) -> Mapping[str, int]:
        """Slots of live workers by queue; a queue without one is left out."""

    def held(self) -> Mapping[str, int]:
        """Messages that live workers hold, by queue; a queue without a worker that says so is left out."""

    def seconds(self, queues: Sequence[str]) -> Mapping[str, float]:
        """Seconds per message by queue, later ones counting more; a queue that was never measured is left out."""

    def began(self, queue: str, sent_at: float) -> None:
        """A message of the queue was begun that was sent at this time, in seconds of the epoch."""

    def begun(self, queues: Sequence[str]) -> Mapping[str, float]:
        """By queue, the latest of those times; a queue of which nothing was begun is left out."""

    def empty(self, queues: Sequence[str], at: float) -> None:
        """These queues are empty at this time, in seconds of the epoch."""

    def emptied(self, queues: Sequence[str]) -> Mapping[str, float]:
        """By queue, when it was last empty; a queue that never was is left out."""


@dataclass
class MemoryLoad:
    """The load in dicts."""

    clock: Callable[[], float] = time.monotonic
    alive_s: float = ALIVE_S
    fades_s: float = FADES_S
    workers: dict[tuple[str, str], tuple[int, int, float]] = field(default_factory=dict)
    """(worker, queue) → its slots, what it holds, and until when that is so."""
    measured: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """Queue → faded messages, their seconds, and when that was."""
    sent: dict[str, float] = field(default_factory=dict)
    empties: dict[str, float] = field(default_factory=dict)

    def alive(self, worker: str, queue: str, slots: int, held: int = 0) -> None:
        """See `LoadStore`."""
        self.workers[worker, queue] = slots, held, self.clock() + self.alive_s

    def took(self, queue: str, messages: int, seconds: float) -> None:
        """See `LoadStore`."""
        at = self.clock()
        known, spent, before = self.measured.get(queue, (0.0, 0.0, at))
        kept = math.exp((before - at) / self.fades_s)
        self.measured[queue] = known * kept + messages, spent * kept + seconds, at

    def slots(self) -> Mapping[str, int]:
        """See `LoadStore`."""
        return self._sums(0)

    def held(self) -> Mapping[str, int]:
        """See `LoadStore`."""
        return self._sums(1)

    def _sums(self, what: int) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for (_, queue), said in self.workers.items():
            if said[2] > self.clock():
                found[queue] = found.get(queue, 0) + int(said[what])
        return found

    def began(self, queue: str, sent_at: float) -> None:
        """See `LoadStore`."""
        self.sent[queue] = max(sent_at, self.sent.get(queue, sent_at))

    def begun(self, queues: Sequence[str]) -> Mapping[str, float]:
        """See `LoadStore`."""
        return {queue: self.sent[queue] for queue in queues if queue in self.sent}

    def empty(self, queues: Sequence[str], at: float) -> None:
        """See `LoadStore`."""
        self.empties.update(dict.fromkeys(queues, at))

    def emptied(self, queues: Sequence[str]) -> Mapping[str, float]:
        """See `LoadStore`."""
        return {queue: self.empties[queue] for queue in queues if queue in self.empties}

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

_LATER = """
local known = tonumber(redis.call('HGET', KEYS[1], ARGV[1]))
if not known or known < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
"""


@dataclass(frozen=True)
class RedisLoad:
    """Two keys for each live worker, a set of their names, a hash of faded sums for each queue, and two of times."""

    client: "Redis"
    alive_s: float = ALIVE_S
    fades_s: float = FADES_S
    prefix: str = "load:"

    def alive(self, worker: str, queue: str, slots: int, held: int = 0) -> None:
        """See `LoadStore`. Under keys of their own, so that a release that knows of no `held` reads the slots."""
        name, lasting = f"{worker} {queue}", int(self.alive_s * 1000)
        with _translated(), self.client.pipeline(transaction=False) as pipe:
            pipe.set(f"{self.prefix}worker:{name}", slots, px=lasting)
            pipe.set(f"{self.prefix}held:{name}", held, px=lasting)
            pipe.sadd(f"{self.prefix}workers", name)
            pipe.execute()

    def took(self, queue: str, messages: int, seconds: float) -> None:
        """See `LoadStore`."""
        with _translated():
            self._took(keys=[self._measured(queue)], args=[messages, seconds, self.fades_s, REMEMBERED_S])

    def slots(self) -> Mapping[str, int]:
        """See `LoadStore`. Names of workers that are gone are taken off the set on the way."""
        found = self._said("worker")
        gone = [name for name, value in found.items() if value is None]
        if gone:
            with _translated():
                self.client.srem(f"{self.prefix}workers", *gone)
        return _by_queue(found)

    def held(self) -> Mapping[str, int]:
        """See `LoadStore`."""
        return _by_queue(self._said("held"))

    def _said(self, what: str) -> Mapping[str, bytes | None]:
        """By worker and queue; None for who has fallen silent."""
        with _translated():
            members: Any = self.client.smembers(f"{self.prefix}workers")
            names = sorted(name.decode() for name in members)
            values: Any = self.client.mget([f"{self.prefix}{what}:{name}" for name in names]) if names else []
        return dict(zip(names, values, strict=True))

    def began(self, queue: str, sent_at: float) -> None:
        """See `LoadStore`."""
        with _translated():
            self._later(keys=[f"{self.prefix}begun"], args=[queue, sent_at])

    def begun(self, queues: Sequence[str]) -> Mapping[str, float]:
        """See `LoadStore`."""
        return self._times("begun", queues)

    def empty(self, queues: Sequence[str], at: float) -> None:
        """See `LoadStore`."""
        if queues:
            with _translated():
                self.client.hset(f"{self.prefix}empty", mapping=dict.fromkeys(queues, at))

    def emptied(self, queues: Sequence[str]) -> Mapping[str, float]:
        """See `LoadStore`."""
        return self._times("empty", queues)

    def _times(self, what: str, queues: Sequence[str]) -> Mapping[str, float]:
        with _translated():
            values: Any = self.client.hmget(f"{self.prefix}{what}", list(queues))
        return {queue: float(value) for queue, value in zip(queues, values, strict=True) if value is not None}

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

    @cached_property
    def _later(self) -> Any:
        return self.client.register_script(_LATER)


def _by_queue(said: Mapping[str, bytes | None]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for name, value in said.items():
        if value is not None:
            queue = name.rpartition(" ")[2]
            found[queue] = found.get(queue, 0) + int(value)
    return found


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
