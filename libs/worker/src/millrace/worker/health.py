"""Readiness and liveness by files: a worker has no port, and over SQS no remote control either.

Two files, both to be probed by their age: `health` says that the worker takes messages, `health.live` that it need not
be restarted. Bounds and reasons: `docs/decisions/0019-health.md`.
"""

import contextlib
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from celery import bootsteps

from millrace.telemetry.logs import get_logger
from millrace.worker.polls import Asker, Polls, asker_for, declares, polls
from millrace.worker.repeating import Repeating
from millrace.worker.settings import WorkerSettings

log = get_logger(__name__)

INTERVAL_S = 1.0
FIRST_INTERVAL_S = 0.1
"""Until it is ready for the first time: whoever waits for the worker should not wait for the clock."""
SPREAD = 2.0
"""A worker's liveness bound is up to so many times the setting, so that an outage does not restart all at once."""


@dataclass(kw_only=True)
class Beat:
    """Writes the files; raises nothing, because an OSError in a timer would be taken for a broken connection."""

    path: Path
    """Says ready. What says live is beside it, with the suffix `.live`."""
    warm: Callable[[], bool]
    """Whether every child is warm."""
    ready_s: float
    """Ready only while the broker's last answer is younger."""
    live_s: float
    """Live only while the broker's last answer, or until the first one the start, is younger; or while it is tried to
    reach the broker.
    """
    polls: Polls = field(default_factory=lambda: polls)
    failing: set[Path] = field(default_factory=set)
    pid: int = field(default_factory=os.getpid)
    started: float = field(default_factory=time.monotonic)

    @property
    def live_path(self) -> Path:
        """The file of liveness."""
        return self.path.with_suffix(".live")

    def __call__(self) -> bool:
        """Whether the worker is ready and its file says so."""
        age = self.polls.age_s
        ready = self.warm() and age is not None and age < self.ready_s
        self.live(ready=ready)
        if not ready:
            self.not_ready()
            return False
        return self._write(self.path, ready)

    def live(self, *, ready: bool = False) -> None:
        """Say that the loop turns, unless the broker has said nothing for too long."""
        age = self.polls.age_s
        if (time.monotonic() - self.started if age is None else age) < self.live_s:
            self._live(ready)

    def trying(self) -> None:
        """An attempt to reach the broker failed. However long it is away, a new process would not reach it either."""
        self._live(False)

    def _live(self, ready: bool) -> None:
        # A forked child has nothing to say.
        if os.getpid() == self.pid:
            self._write(self.live_path, ready)

    def not_ready(self) -> None:
        """Take the file of readiness away. What cannot be removed grows old."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _write(self, path: Path, ready: bool) -> bool:
        fresh = path.with_suffix(f"{path.suffix}.new")
        try:
            fresh.write_text(json.dumps(self._told(ready)))
            fresh.replace(path)
        except OSError as error:
            self._tell(path, error)
            return False
        self.failing.discard(path)
        return True

    def _told(self, ready: bool) -> dict[str, Any]:
        now, age = datetime.now(UTC), self.polls.age_s
        polled_at = None if age is None else (now - timedelta(seconds=age)).isoformat()
        return {"pid": self.pid, "ready": ready, "at": now.isoformat(), "polled_at": polled_at}

    def _tell(self, path: Path, error: OSError) -> None:
        if path not in self.failing:
            self.failing.add(path)
            log.error("health_unwritable", extra={"action": "health_unwritable", "error": error.strerror})


def spread(bound_s: float) -> float:
    """This worker's own liveness bound."""
    return bound_s * random.uniform(1.0, SPREAD)  # noqa: S311 - no secret


def health_of(settings: WorkerSettings, warm: Callable[[], bool]) -> type[bootsteps.StartStopStep]:
    """The consumer's step for a worker with these settings, which is warm when `warm()` says so."""
    beat = Beat(
        path=Path(settings.health_file), warm=warm, ready_s=max(settings.ready_poll_s, settings.visibility_s),
        live_s=spread(settings.live_poll_s),
    )  # fmt: skip
    return _step(beat, asker_for(settings.broker_url), declares(settings.broker_url))


def _step(beat: Beat, asker: type[Asker] | None, answered: bool) -> type[bootsteps.StartStopStep]:
    """A bootstep that beats each second in the consumer's loop, and says "not ready" when the consumer stops.

    A stuck loop lets both files grow old. So does a disk that is full: such a worker works on and counts as not ready.
    While there is no connection the loop does not turn: then each attempt to make one says "live". `answered`: the
    broker has answered by the time the step starts.
    """
    beat.polls.while_trying(beat.trying)

    class Health(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, parent: Any, **kwargs: Any) -> None:
            self.repeating: Repeating | None = None
            super().__init__(parent, **kwargs)

        def start(self, consumer: Any) -> None:
            if answered:
                beat.polls.answered()
            call = _Beating(beat=beat, ask=asker(consumer) if asker else None)
            self.repeating = Repeating(timer=consumer.timer, every_s=INTERVAL_S, call=call)
            self.repeating.now()

        def stop(self, consumer: Any) -> None:
            if self.repeating is not None:
                self.repeating.stop()
            beat.not_ready()

    return Health


@dataclass(kw_only=True)
class _Beating:
    """The beats of one connection: each second, but soon again until it is ready for the first time."""

    beat: Beat
    ask: Asker | None
    settled: bool = False
    """Whether it was ready before: whoever waits for the worker waits for the first time."""
    asked_at: float = -INTERVAL_S

    def __call__(self) -> float:
        """Beat; returns in how many seconds to do so again."""
        now = time.monotonic()
        if self.ask is not None and now - self.asked_at >= INTERVAL_S:
            self.asked_at = now
            self.ask()
        wait_s = INTERVAL_S if self.beat() or self.settled else FIRST_INTERVAL_S
        self.settled = wait_s == INTERVAL_S
        return wait_s
