"""The same shape as a plain Celery canvas: chord of 3, whose body launches a chord of 4, whose body is the last part.

Celery's own Redis result backend joins, and nobody signs or checks a message. Everything else is set as in our task
workers.
"""

from celery import Celery
from kombu import Exchange, Queue
from tests.bench.canvas import add_tasks

from millrace.contracts.services import WorkerClass
from millrace.storage.settings import StorageSettings
from millrace.worker.config import celery_settings
from millrace.worker.settings import WorkerSettings

QUEUE = "native"

redis_url = StorageSettings().redis_url
app = Celery("native", set_as_current=False)
app.conf.update(
    celery_settings(WorkerSettings(), WorkerClass.TASK)  # type: ignore[call-arg]
    | {
        "worker_consumer": "celery.worker.consumer:Consumer",
        "result_backend": redis_url,
        "task_routes": {},
        "task_queues": [Queue(QUEUE, Exchange(QUEUE, type="direct"), QUEUE)],
        "task_default_queue": QUEUE,
    }
)
add_tasks(app, redis_url)
