"""Readiness and liveness by a file: a worker has no port, and over SQS no remote control either."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from celery import bootsteps

INTERVAL_S = 1.0
FIRST_INTERVAL_S = 0.1
"""Until it is ready for the first time: whoever waits for the worker should not wait for the clock."""


def health_step(path: Path, ready: Any) -> type[bootsteps.StartStopStep]:
    """A bootstep that rewrites the file each second while `ready()` holds, and removes it when the worker stops.

    It runs in the consumer's loop, so a stuck loop lets the file grow old: probe its age, not its presence.
    """

    class Health(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, parent: Any, **kwargs: Any) -> None:
            self.timer: Any = None
            super().__init__(parent, **kwargs)

        def start(self, consumer: Any) -> None:
            self.timer = consumer.timer.call_repeatedly(FIRST_INTERVAL_S, self._first, (consumer,))

        def _first(self, consumer: Any) -> None:
            if _beat(path, ready):
                self.timer.cancel()
                self.timer = consumer.timer.call_repeatedly(INTERVAL_S, _beat, (path, ready))

        def stop(self, consumer: Any) -> None:
            if self.timer is not None:
                self.timer.cancel()
            with contextlib.suppress(FileNotFoundError):
                path.unlink()

    return Health


def _beat(path: Path, ready: Any) -> bool:
    if not ready():
        return False
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"pid": os.getpid(), "ready": True}))
    fresh.replace(path)
    return True
