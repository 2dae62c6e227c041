"""The plain canvas that is run over Celery's own join and over ours: the same tasks, shape and messages."""

from contextlib import nullcontext

from celery import Celery, chord
from tests.bench.noop import ENDED, SHAPE

from millrace.storage.hot import connect

START = "bench.start"


def add_tasks(app: Celery, redis_url: str) -> None:
    """A chord of 3, whose body launches a chord of 4, whose body is the last part."""
    ended = connect(redis_url)
    # Of our app's, as the orchestrator publishes its stages; plain Celery has none.
    batch = getattr(app, "batch", nullcontext)

    @app.task(name=START, shared=False)
    def start(run: str, argument: str) -> None:
        """Launch the first chord, as the orchestrator does from its first message."""
        with batch():
            chord([part.si(argument) for _ in range(SHAPE[0])], second.si(run, argument), app=app).apply_async()

    @app.task(name="bench.part", shared=False)
    def part(argument: str) -> None:
        """Do nothing."""

    @app.task(name="bench.second", shared=False)
    def second(run: str, argument: str) -> None:
        """The first join: launch the second chord."""
        with batch():
            chord([part.si(argument) for _ in range(SHAPE[1])], last.si(run, argument), app=app).apply_async()

    @app.task(name="bench.last", shared=False)
    def last(run: str, argument: str) -> None:
        """The second join and the last part in one."""
        ended.rpush(ENDED, f"{run} completed")
