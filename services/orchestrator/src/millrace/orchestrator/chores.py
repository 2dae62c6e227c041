"""Chores: what an orchestration worker does now and then beside its messages, in a greenlet of its timer."""

from collections.abc import Callable

from celery import Celery

from millrace.storage.errors import StorageError
from millrace.telemetry.logs import get_logger
from millrace.worker.errors import WorkerError
from millrace.worker.repeating import repeating_step

log = get_logger(__name__)


def add_chore(app: Celery, chore: str, interval_s: float, once: Callable[[], int]) -> None:
    """Have the app's worker call this every so many seconds, as long as it consumes."""
    step = repeating_step(f"{__name__}.{chore}", interval_s, lambda consumer: _quietly(chore, once))
    app.steps["consumer"].add(step)


def _quietly(chore: str, once: Callable[[], int]) -> None:
    """An outage of a store ends one turn, not the timer."""
    try:
        once()
    except (StorageError, WorkerError) as error:
        log.warning("chore_failed", extra={"action": "chore_failed", "chore": chore, "error": type(error).__name__})
