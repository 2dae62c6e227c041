"""Readiness and liveness by a file: a worker has no port, and over SQS no remote control either."""

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery import bootsteps

from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

INTERVAL_S = 1.0
FIRST_INTERVAL_S = 0.1
"""Until it is ready for the first time: whoever waits for the worker should not wait for the clock."""


def health_step(path: Path, ready: Callable[[], bool]) -> type[bootsteps.StartStopStep]:
    """A bootstep that rewrites the file each second while `ready()` holds, and removes it when the worker stops.

    It runs in the consumer's loop, so a stuck loop lets the file grow old: probe its age, not its presence. So does a
    disk that is full: such a worker works on and counts as not ready.
    """
    beat = Beat(path=path, ready=ready)

    class Health(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, parent: Any, **kwargs: Any) -> None:
            self.timer: Any = None
            super().__init__(parent, **kwargs)

        def start(self, consumer: Any) -> None:
            self.timer = consumer.timer.call_repeatedly(FIRST_INTERVAL_S, self._first, (consumer,))

        def _first(self, consumer: Any) -> None:
            if beat():
                self.timer.cancel()
                self.timer = consumer.timer.call_repeatedly(INTERVAL_S, beat)

        def stop(self, consumer: Any) -> None:
            if self.timer is not None:
                self.timer.cancel()
            # What cannot be removed grows old.
            with contextlib.suppress(OSError):
                path.unlink()

    return Health


@dataclass(kw_only=True)
class Beat:
    """Writes the file; raises nothing, because an OSError in a timer would be taken for a broken connection."""

    path: Path
    ready: Callable[[], bool]
    failing: bool = False

    def __call__(self) -> bool:
        """Whether the worker is ready and the file says so."""
        if not self.ready():
            return False
        fresh = self.path.with_suffix(".new")
        try:
            fresh.write_text(json.dumps({"pid": os.getpid(), "ready": True}))
            fresh.replace(self.path)
        except OSError as error:
            self._tell(error)
            return False
        self.failing = False
        return True

    def _tell(self, error: OSError) -> None:
        if not self.failing:
            self.failing = True
            log.error("health_unwritable", extra={"action": "health_unwritable", "error": error.strerror})
