"""A worker tells its load: that it lives and how many slots it has, each second; how long its messages take."""

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from celery import Celery, bootsteps, signals
from celery.worker.state import reserved_requests

from millrace.contracts.routing import UNROUTED
from millrace.telemetry.logs import get_logger
from millrace.worker import handling
from millrace.worker.load.store import LoadStore, LoadUnavailable
from millrace.worker.repeating import repeating_step
from millrace.worker.sending import queue_of

log = get_logger(__name__)

BEAT_S = 1.0
FLUSH_S = 1.0
"""A process tells its measurements at most this often; what it has not told yet dies with it."""
PAUSE_S = 2.0
"""After a failure the store is left alone for so long: a worker has better to do than to wait for it."""
LOG_S = 60.0
"""A store that stays away is told of this often."""


@dataclass
class Rarely:
    """Says yes at most once in so many seconds."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    _next: float = float("-inf")

    def __call__(self) -> bool:
        """Whether it is time again."""
        if self.clock() < self._next:
            return False
        self._next = self.clock() + self.seconds
        return True


@dataclass
class Teller:
    """Tells the store what it can. A store that is away costs a short wait every few seconds and nothing else."""

    store: LoadStore
    clock: Callable[[], float] = time.monotonic
    _resume_at: float = float("-inf")
    _worth_a_line: Rarely = field(init=False)

    def __post_init__(self) -> None:
        self._worth_a_line = Rarely(LOG_S, self.clock)

    def tell(self, method: Callable[..., None], *what: Any) -> None:
        """Call a method of the store, unless the store failed a moment ago."""
        if self.clock() < self._resume_at:
            return
        try:
            method(*what)
        except LoadUnavailable as error:
            self._resume_at = self.clock() + PAUSE_S
            if self._worth_a_line():
                log.warning("load_not_told", extra={"action": "load_not_told", "error": str(error)})


@dataclass
class Meter:
    """Measures the messages of one process, from the task's start until its outcome is joined."""

    teller: Teller
    clock: Callable[[], float] = time.monotonic
    _spent: dict[str, tuple[int, float]] = field(default_factory=dict)
    _sent: dict[str, float] = field(default_factory=dict)
    """Queue → when the youngest message that was begun had been sent, as far as that is not told yet."""
    _due: Rarely = field(init=False)
    _sent_due: Rarely = field(init=False)

    def __post_init__(self) -> None:
        self._due, self._sent_due = Rarely(FLUSH_S, self.clock), Rarely(FLUSH_S, self.clock)

    def begin(self, **_: Any) -> None:
        """A message is begun (Celery's `task_prerun`)."""
        work = handling.current()
        if work is not None and work.queue != UNROUTED and work.sent_at is not None:
            sent = work.sent_at.timestamp()
            self._sent[work.queue] = max(sent, self._sent.get(work.queue, sent))
            # Not only at its end: long work would make what waits behind it look as old as the work before.
            self._tell_sent()

    def end(self, **_: Any) -> None:
        """A message is done (Celery's `task_postrun`)."""
        work = handling.current()
        if work is None or work.queue == UNROUTED:
            return
        messages, seconds = self._spent.get(work.queue, (0, 0.0))
        self._spent[work.queue] = messages + 1, seconds + work.lasted_s
        if self._due():
            # Taken before it is told: another greenlet may come by while this one waits for Redis.
            told, self._spent = self._spent, {}
            for name, sums in told.items():
                self.teller.tell(self.teller.store.took, name, *sums)
        self._tell_sent()

    def _tell_sent(self) -> None:
        if self._sent and self._sent_due():
            sent, self._sent = self._sent, {}
            for name, at in sent.items():
                self.teller.tell(self.teller.store.began, name, at)


def report(app: Celery, store: LoadStore) -> None:
    """Have the app's worker tell its load: its parent that it lives, each of its processes what it measured.

    After what binds `handling`.
    """
    meter = Meter(Teller(store))
    signals.task_prerun.connect(meter.begin, weak=False)
    signals.task_postrun.connect(meter.end, weak=False)
    app.steps["consumer"].add(presence_step(Teller(store)))


def presence_step(teller: Teller) -> type[bootsteps.StartStopStep]:
    """A bootstep that tells the queues and slots of its worker each second, from the consumer's loop."""
    return repeating_step(f"{__name__}.presence", BEAT_S, partial(_beat, teller), at_once=True)


def _beat(teller: Teller, consumer: Any) -> None:
    name, held = f"{consumer.hostname}/{os.getpid()}", Counter(queue_of(each.name) for each in tuple(reserved_requests))
    for queue in consumer.app.amqp.queues.consume_from:
        teller.tell(teller.store.alive, name, queue, consumer.pool.limit, held[queue])
