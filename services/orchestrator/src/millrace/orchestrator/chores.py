"""Chores: what an orchestration worker does now and then beside its messages, in a greenlet of its timer."""

from collections.abc import Callable
from typing import Any

from celery import Celery, bootsteps

from millrace.storage.errors import StorageError
from millrace.telemetry.logs import get_logger
from millrace.worker.errors import WorkerError

log = get_logger(__name__)


def add_chore(app: Celery, chore: str, interval_s: float, once: Callable[[], int]) -> None:
    """Have the app's worker call this every so many seconds, as long as it consumes."""

    class Chore(bootsteps.StartStopStep):
        # Celery tells steps apart by this name, and would otherwise make one from the class's.
        name = f"{__name__}.{chore}"
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, parent: Any, **kwargs: Any) -> None:
            self.timer: Any = None
            super().__init__(parent, **kwargs)

        def start(self, consumer: Any) -> None:
            self.timer = consumer.timer.call_repeatedly(interval_s, _quietly, (chore, once))

        def stop(self, consumer: Any) -> None:
            if self.timer is not None:
                self.timer.cancel()

    app.steps["consumer"].add(Chore)


def _quietly(chore: str, once: Callable[[], int]) -> None:
    """An outage of a store ends one turn, not the timer."""
    try:
        once()
    except (StorageError, WorkerError) as error:
        log.warning("chore_failed", extra={"action": "chore_failed", "chore": chore, "error": type(error).__name__})
