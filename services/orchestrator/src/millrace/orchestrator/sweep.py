"""The sweep: each second, in every orchestration worker, under a lease. No scheduler is needed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from celery import Celery, bootsteps
from redis import Redis
from redis.exceptions import RedisError

from millrace.contracts.base import now
from millrace.orchestrator.engine import Engine
from millrace.storage.errors import StorageError
from millrace.storage.ports import RunStore
from millrace.telemetry.logs import get_logger
from millrace.worker.errors import WorkerError

log = get_logger(__name__)

INTERVAL_S = 1.0
BATCH = 100
"""Runs that one sweep takes over at most; the next comes in a second."""


class Lease(Protocol):
    """Lets one of many sweeps go ahead."""

    def take(self) -> bool:
        """Whether this sweep may run now."""


@dataclass(frozen=True)
class RedisLease:
    """A key that expires. It saves work; it does not guard truth: every write of the sweep is conditional."""

    client: "Redis"
    key: str = "sweep"
    milliseconds: int = int(INTERVAL_S * 900)

    def take(self) -> bool:
        """See `Lease`. Without Redis every worker sweeps, which costs queries and breaks nothing."""
        try:
            return bool(self.client.set(self.key, "1", px=self.milliseconds, nx=True))
        except RedisError:
            return True


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Finds runs that are past due and hands each to the engine."""

    engine: Engine
    store: RunStore
    lease: Lease
    clock: Callable[[], datetime] = field(default=now)

    def once(self) -> int:
        """Take over what is due; returns how many runs that were. One bad run does not stop the others."""
        if not self.lease.take():
            return 0
        due = self.store.due(self.clock(), BATCH)
        for each in due:
            try:
                self.engine.take_over(each)
            except Exception:
                log.exception("takeover_failed", extra={"action": "takeover_failed", "run_id": each.run_id})
        return len(due)


def add_to(app: Celery, sweep: Sweep) -> None:
    """Run the sweep in the app's worker, in a greenlet of its timer."""

    class SweepStep(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, parent: Any, **kwargs: Any) -> None:
            self.timer: Any = None
            super().__init__(parent, **kwargs)

        def start(self, consumer: Any) -> None:
            self.timer = consumer.timer.call_repeatedly(INTERVAL_S, _quietly, (sweep,))

        def stop(self, consumer: Any) -> None:
            if self.timer is not None:
                self.timer.cancel()

    app.steps["consumer"].add(SweepStep)


def _quietly(sweep: Sweep) -> None:
    """An outage of a store ends one sweep, not the timer."""
    try:
        sweep.once()
    except (StorageError, WorkerError) as error:
        log.warning("sweep_failed", extra={"action": "sweep_failed", "error": type(error).__name__})
