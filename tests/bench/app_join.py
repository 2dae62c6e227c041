"""The canvas of `app_native` over our join: nothing else differs but the exchange, which is ours too."""

from celery import Celery
from kombu import Queue
from tests.bench.canvas import add_tasks

from millrace.contracts.services import WorkerClass
from millrace.storage.hot import connect
from millrace.storage.settings import StorageSettings
from millrace.worker.app import create_app
from millrace.worker.join.redis_store import RedisJoins
from millrace.worker.settings import WorkerSettings

QUEUE = "native"

redis_url = StorageSettings().redis_url
app: Celery = create_app(
    "join",
    WorkerSettings(),
    WorkerClass.TASK,
    RedisJoins(connect(redis_url)),  # type: ignore[call-arg]
)
exchange = app.conf.task_queues[0].exchange
app.conf.update(
    task_routes={}, task_queues=[Queue(QUEUE, exchange, routing_key=QUEUE)], task_default_queue=QUEUE,
    task_default_exchange=exchange.name, task_default_routing_key=QUEUE,
)  # fmt: skip
add_tasks(app, redis_url)
