"""The same shape as a plain Celery canvas: chord of 3, whose body launches a chord of 4, whose body is the last part.

Celery's own Redis result backend joins. Everything else is set as in our task workers.
"""

from celery import Celery, chord
from kombu import Exchange, Queue
from tests.bench.noop import ENDED, SHAPE

from millrace.contracts.services import WorkerClass
from millrace.storage.hot import connect
from millrace.storage.settings import StorageSettings
from millrace.worker.config import celery_settings
from millrace.worker.settings import WorkerSettings

QUEUE = "native"
START = "bench.start"

redis_url = StorageSettings().redis_url
ended = connect(redis_url)
app = Celery("native", set_as_current=False)
app.conf.update(
    celery_settings(WorkerSettings(), WorkerClass.TASK)
    | {
        "result_backend": redis_url,
        "task_routes": {},
        "task_queues": [Queue(QUEUE, Exchange(QUEUE, type="direct"), QUEUE)],
        "task_default_queue": QUEUE,
    }
)


@app.task(name=START)
def start(run: str, argument: str) -> None:
    """Launch the first chord, as the orchestrator does from its first message."""
    chord([part.si(argument) for _ in range(SHAPE[0])], second.si(run, argument), app=app).apply_async()


@app.task(name="bench.part")
def part(argument: str) -> None:
    """Do nothing."""


@app.task(name="bench.second")
def second(run: str, argument: str) -> None:
    """The first join: launch the second chord."""
    chord([part.si(argument) for _ in range(SHAPE[1])], last.si(run, argument), app=app).apply_async()


@app.task(name="bench.last")
def last(run: str, argument: str) -> None:
    """The second join and the last part in one."""
    ended.rpush(ENDED, f"{run} completed")
