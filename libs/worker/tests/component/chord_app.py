"""A Celery app for the join's tests: parts that add, die or hang, and a body that tells that it ran."""

import os
import signal
import time

from celery import Celery
from redis import Redis

from millrace.contracts.services import WorkerClass
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.app import create_app
from millrace.worker.join.redis_store import RedisJoins
from millrace.worker.settings import WorkerSettings


class DyingJoins(RedisJoins):
    """Dies once after a part was recorded, before the body could be published: where Celery's own chord is lost."""

    def add(self, key: str, part: str, value: str) -> bool:
        complete = super().add(key, part, value)
        if complete and "die-after-record" in key and self.client.set(f"died:{key}", 1, nx=True):
            os.kill(os.getpid(), signal.SIGKILL)
        return complete


def make(redis_url: str) -> Celery:
    """The app; tests publish with it, a worker process consumes with it."""
    redis = Redis.from_url(redis_url)
    settings = WorkerSettings(message_secret=MESSAGE_SECRET, broker_url=f"{redis_url}/1", visibility_s=5)
    app = create_app("chords", settings, WorkerClass.TASK, DyingJoins(redis))

    @app.task(name="analytics.add", shared=False)
    def add(x: int) -> int:
        redis.incr("executions")
        return x + 1

    @app.task(name="analytics.die_once", shared=False)
    def die_once(name: str) -> str:
        if redis.set(f"died:{name}", 1, nx=True):
            os.kill(os.getpid(), signal.SIGKILL)
        return "survived"

    @app.task(name="analytics.hurry", shared=False)
    def hurry() -> dict[str, bool]:
        return {"urgent": True}

    @app.task(name="analytics.nothing", shared=False)
    def nothing() -> dict[str, bool]:
        return {"void": True}

    @app.task(name="analytics.hang", shared=False, time_limit=1)
    def hang() -> None:
        time.sleep(60)

    @app.task(name="callback.done", shared=False)
    def done(key: str) -> None:
        redis.lpush(f"done:{key}", "ran")

    return app


if "CHORD_APP_REDIS" in os.environ:
    app = make(os.environ["CHORD_APP_REDIS"])
