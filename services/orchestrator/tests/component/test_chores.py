"""Chores: each of them runs in a worker, and a store that is away ends one turn only."""

import threading
from collections.abc import Iterator

import pytest
from celery import Celery, signals
from celery.contrib.testing.worker import start_worker

from millrace.orchestrator.chores import add_chore
from millrace.storage.errors import Unavailable

PATIENCE_S = 30
"""Bounds a hang."""


@pytest.fixture(autouse=True)
def untouched_logs() -> Iterator[None]:
    """A worker in this process must not set up the logs that other tests look at."""

    def keep(**_: object) -> None:
        """Whoever listens to this signal owns the logs."""

    signals.setup_logging.connect(keep)
    yield
    signals.setup_logging.disconnect(keep)


def test_every_chore_is_done_again_and_again_whatever_happens_to_a_turn() -> None:
    # given
    app = Celery("chores", broker="memory://", set_as_current=False)
    swept, cleaned = threading.Event(), threading.Event()
    turns: list[str] = []

    def sweep() -> int:
        turns.append("sweep")
        if len(turns) == 1:
            raise Unavailable("dynamodb due: Throttling")
        swept.set()
        return 0

    def clean() -> int:
        cleaned.set()
        return 0

    add_chore(app, "sweep", 0.01, sweep)
    add_chore(app, "janitor", 0.01, clean)
    # when
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=PATIENCE_S):
        # then
        assert swept.wait(PATIENCE_S)
        assert cleaned.wait(PATIENCE_S)
