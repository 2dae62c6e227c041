"""A Celery app whose worker tells its load."""

import os
import time

from celery import Celery
from redis import Redis

from millrace.contracts.services import WorkerClass
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker import tracing
from millrace.worker.app import create_app
from millrace.worker.join.redis_store import RedisJoins
from millrace.worker.load.report import report
from millrace.worker.load.store import connect_load
from millrace.worker.settings import WorkerSettings

BROKER = 5
"""A database of its own: the other tests' queues are not counted."""


def make(redis_url: str) -> Celery:
    """The app; tests publish with it, a worker process consumes with it."""
    settings = WorkerSettings(message_secret=MESSAGE_SECRET, broker_url=f"{redis_url}/{BROKER}", visibility_s=5)
    app = create_app("loads", settings, WorkerClass.TASK, RedisJoins(Redis.from_url(redis_url)))

    @app.task(name="analytics.rest", shared=False)
    def rest(seconds: float) -> None:
        time.sleep(seconds)

    tracing.connect_first(settings.broker_url)
    report(app, connect_load(redis_url))
    tracing.connect_last()
    return app


if "LOAD_APP_REDIS" in os.environ:
    app = make(os.environ["LOAD_APP_REDIS"])
