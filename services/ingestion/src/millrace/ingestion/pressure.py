"""Out of the ingestion service: how long the queues would keep a new run waiting."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from celery import Celery

from millrace.contracts.routing import QUEUES
from millrace.telemetry.logs import get_logger
from millrace.worker.load.store import LoadUnavailable, connect_load
from millrace.worker.load.waits import BrokerDepths, waits

log = get_logger(__name__)

FRESH_S = 1.0
"""A look at the queues is not repeated within this time."""
STALE_S = 3.0
"""A look that is older says nothing any more."""
PATIENCE_S = 0.25
"""How long a request waits for a look when the last one is stale."""
LOG_S = 60.0
"""Queues that cannot be looked at are told of this often."""


class Pressure(Protocol):
    """What weighs on the queues."""

    @property
    def fresh(self) -> bool:
        """Whether `waits` answers without waiting itself."""

    def waits(self) -> Mapping[str, float] | None:
        """Seconds that a new message would wait, by queue; None when nobody knows, which is no reason to refuse."""


@dataclass
class MemoryPressure:
    """Waits that somebody says."""

    known: Mapping[str, float] | None = None
    fresh: bool = True

    def waits(self) -> Mapping[str, float] | None:
        """See `Pressure`."""
        return self.known


@dataclass
class QueuePressure:
    """Looks at the queues at most once a second, whatever the number of requests, and only when there are some.

    One thread looks, apart from the requests: a broker that hangs holds up nobody for longer than `PATIENCE_S`.
    """

    look: Callable[[], Mapping[str, float]]
    """One look; LoadUnavailable when it fails. Never called twice at the same time."""
    clock: Callable[[], float] = time.monotonic
    _seen: Mapping[str, float] | None = None
    _seen_at: float = float("-inf")
    _log_at: float = float("-inf")
    _looking: threading.Thread | None = None
    _begun_at: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def fresh(self) -> bool:
        """See `Pressure`."""
        return self._age() <= STALE_S

    def waits(self) -> Mapping[str, float] | None:
        """See `Pressure`."""
        looking = self._latest()
        if self._age() > STALE_S:
            looking.join(PATIENCE_S)
        return self._seen if self._age() <= STALE_S else None

    def _age(self) -> float:
        return self.clock() - self._seen_at

    def _latest(self) -> threading.Thread:
        """The look that was begun last: a new one when that is a while ago and has ended."""
        with self._lock:
            due = self.clock() - self._begun_at > FRESH_S
            if self._looking is None or (due and not self._looking.is_alive()):
                self._begun_at = self.clock()
                self._looking = threading.Thread(target=self._look, name="pressure", daemon=True)
                self._looking.start()
            return self._looking

    def _look(self) -> None:
        try:
            seen = self.look()
        except LoadUnavailable as error:
            if self.clock() >= self._log_at:
                self._log_at = self.clock() + LOG_S
                log.warning("load_unknown", extra={"action": "load_unknown", "error": str(error)})
            return
        self._seen, self._seen_at = seen, self.clock()


def queue_pressure(app: Celery, redis_url: str) -> QueuePressure:
    """The pressure on the app's broker, by what the workers tell in this Redis. Connects with its first look."""
    depths, load = BrokerDepths(app), connect_load(redis_url)
    return QueuePressure(lambda: waits(depths, load, QUEUES))
