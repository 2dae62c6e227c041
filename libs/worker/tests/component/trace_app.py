"""A Celery app for tests of spans: tasks that work, fail, try again, die or publish, on either pool."""

import os
import signal
import time
from typing import Any

from celery import Task
from celery.exceptions import Reject
from redis import Redis

from millrace.contracts.catalogue import ADVANCE
from millrace.contracts.messages import Advance
from millrace.contracts.services import WorkerClass
from millrace.storage.spans import store_span
from millrace.worker.app import create_app
from millrace.worker.handling import current
from millrace.worker.join.batching import BatchingCelery
from millrace.worker.join.redis_store import RedisJoins
from millrace.worker.process import prepare
from millrace.worker.publish import publish
from millrace.worker.settings import WorkerSettings

QUEUE = "nlp"


def make(redis: "Redis", settings: WorkerSettings, worker_class: WorkerClass) -> BatchingCelery:
    """The app; tests publish with it, a worker process consumes with it."""
    app = create_app("nlp", settings, worker_class, RedisJoins(redis))

    def done(message: dict[str, Any]) -> None:
        work = current()
        assert work is not None
        redis.rpush(f"done:{message['run_id']}", f"{work.queued_s} {work.retries} {os.getpid()}")

    @app.task(name="nlp.work", shared=False)
    def work(message: dict[str, Any]) -> None:
        with store_span("get artifact", "s3"):
            done(message)

    @app.task(name="nlp.fail", shared=False)
    def fail(message: dict[str, Any]) -> None:
        done(message)
        raise ValueError("not for anybody's eyes")

    @app.task(name="nlp.again", shared=False, bind=True)
    def again(self: Task[Any, Any], message: dict[str, Any]) -> None:
        if self.request.retries == 0:
            raise self.retry(countdown=0)
        done(message)

    @app.task(name="nlp.die", shared=False)
    def die(message: dict[str, Any]) -> None:
        with store_span("get artifact", "s3"):
            if redis.set(f"died:{message['run_id']}", 1, nx=True):
                os.kill(os.getpid(), signal.SIGKILL)
        done(message)

    @app.task(name="nlp.send", shared=False)
    def send(message: dict[str, Any]) -> None:
        publish(app, ADVANCE, Advance(tenant="acme", run_id=message["run_id"], stage="s"), "sent")
        with app.batch():
            for name in ("nlp.nobody", "nlp.nobody", "analytics.nobody"):
                app.signature(name, kwargs={"message": message}, queue="unrouted").apply_async()
        done(message)

    _ended_by_others(app)
    return app


def _ended_by_others(app: BatchingCelery) -> None:
    """Tasks that neither return nor fail."""

    @app.task(name="nlp.reject", shared=False)
    def reject(message: dict[str, Any]) -> None:
        raise Reject("not for anybody's eyes", requeue=False)

    @app.task(name="nlp.hang", shared=False, time_limit=1)
    def hang(message: dict[str, Any]) -> None:
        time.sleep(60)


if "TRACE_APP_REDIS" in os.environ:
    _kind = WorkerClass(os.environ["TRACE_APP_KIND"])
    _settings = WorkerSettings()  # type: ignore[call-arg]
    app = make(Redis.from_url(os.environ["TRACE_APP_REDIS"]), _settings, _kind)
    prepare(app, "nlp", _settings, _kind)
