"""A Celery app for tests of brokers: tasks that nap, die or cling on, and a ledger in Redis of what really ran.

`millrace.testing.workers` starts it as a worker of either pool; tests publish to it by task name.
"""

import json
import os
import signal
import time
from typing import Any, ClassVar

from celery import Celery
from pydantic import Field
from redis import Redis

from millrace.contracts.services import WorkerClass
from millrace.contracts.settings import Settings
from millrace.worker.app import create_app
from millrace.worker.join.store import MemoryJoins
from millrace.worker.process import prepare
from millrace.worker.settings import WorkerSettings

QUEUE = "nlp"
CLING_LIMIT_S = 3


class NapSettings(Settings):
    """What a worker of this app is told, `NAP_*`."""

    prefix: ClassVar[str] = "NAP_"

    ledger: str = Field(default="", repr=False)
    """URL of the Redis with the ledger; empty where the module is only imported."""
    kind: WorkerClass = WorkerClass.TASK


def make(ledger: "Redis", settings: WorkerSettings, worker_class: WorkerClass) -> Celery:
    """The app with its tasks. `key` names the ledger's list that a task writes to."""
    app = create_app("naps", settings, worker_class, MemoryJoins())

    def write(key: str, what: str) -> None:
        ledger.rpush(f"ledger:{key}", json.dumps({"what": what, "pid": os.getpid(), "at": time.time()}))

    def nap(key: str, seconds: float) -> None:
        write(key, "began")
        time.sleep(seconds)
        write(key, "ended")

    def die(key: str) -> None:
        write(key, "began")
        if ledger.set(f"died:{key}", 1, nx=True):
            os.kill(os.getpid(), signal.SIGKILL)
        write(key, "ended")

    def cling(key: str, seconds: float) -> None:
        write(key, "began")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                time.sleep(0.2)
            except BaseException:  # a hard limit that does not end it
                write(key, "clung")

    def publish(key: str) -> None:
        app.signature("nlp.nap", args=[key, 0], queue=QUEUE).apply_async()

    limits: dict[str, dict[str, Any]] = {"nap": {"time_limit": 30}, "cling": {"time_limit": CLING_LIMIT_S}}
    for task in (nap, die, cling, publish):
        decorate: Any = app.task(name=f"nlp.{task.__name__}", shared=False, **limits.get(task.__name__, {}))
        decorate(task)
    return app


_told = NapSettings()
if _told.ledger:
    _settings = WorkerSettings()  # type: ignore[call-arg]
    app = make(Redis.from_url(_told.ledger), _settings, _told.kind)
    prepare(app, "naps", _settings, _told.kind)
