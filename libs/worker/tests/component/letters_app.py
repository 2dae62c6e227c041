"""A Celery app for the tests of dead letters: one task without a contract, and one of the catalogue."""

import os
from typing import Any

from celery import Celery, chord
from redis import Redis

from millrace.contracts import catalogue
from millrace.contracts.messages import Deliver
from millrace.contracts.services import WorkerClass
from millrace.worker.app import create_app
from millrace.worker.join.store import MemoryJoins
from millrace.worker.register import register_control
from millrace.worker.settings import WorkerSettings


def make(redis_url: str, worker_class: str = "task") -> Celery:
    """The app on the broker that the environment names; what its tasks did is told in Redis."""
    redis = Redis.from_url(redis_url)
    app = create_app("letters", WorkerSettings(), WorkerClass(worker_class), MemoryJoins())

    @app.task(name="callback.done", shared=False)
    def done(key: str) -> None:
        redis.lpush(f"done:{key}", "ran")

    @app.task(name="callback.again", shared=False, bind=True)
    def again(self: Any, key: str) -> None:
        if self.request.retries < 2:
            raise self.retry(countdown=0.01)
        redis.lpush(f"done:{key}", "ran")

    @app.task(name="callback.fan", shared=False)
    def fan() -> None:
        # From within the worker: its joins are in its memory.
        parts = [app.signature("callback.again", args=[f"part-{number}"], queue="callback") for number in range(3)]
        end = app.signature("callback.done", args=["end"], queue="callback", task_id="end", immutable=True)
        with app.batch():
            chord(parts, end, app=app).apply_async()

    def deliver(message: Deliver) -> None:
        if message.event_id == "evt_of_a_later_release" and not redis.exists("upgraded"):
            Deliver.model_validate({})
        redis.lpush(f"done:{message.event_id}", "ran")

    register_control(app, catalogue.DELIVER, deliver)
    return app


if "LETTERS_APP_REDIS" in os.environ:
    app = make(os.environ["LETTERS_APP_REDIS"], os.environ["LETTERS_APP_CLASS"])
