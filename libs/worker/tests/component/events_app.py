"""A Celery app for the tests of logs and error reports: tasks that end in every way there is."""

import os
import signal
import time
from typing import Any

from celery import Celery
from redis import Redis

from millrace.contracts.services import WorkerClass
from millrace.contracts.settings import Settings
from millrace.telemetry.logs import get_logger
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.app import create_app
from millrace.worker.errors import BadInput, RetryableError
from millrace.worker.execution import reason_of
from millrace.worker.join.store import MemoryJoins
from millrace.worker.process import prepare
from millrace.worker.settings import WorkerSettings

log = get_logger("millrace.events_app")

PERSONAL = "ann.smith@example.com"
"""Stands in the text of everything that is raised, and in the messages."""


class EventsSettings(Settings):
    """What a worker of this app is told, `MILLRACE_EVENTS_*`."""

    events_redis: str = ""
    events_kind: WorkerClass = WorkerClass.TASK


def work(message: dict[str, Any]) -> dict[str, Any]:
    log.info("worked", extra={"action": "worked"})
    return {"status": "partial", "reason": {"code": "deadline_passed"}}


def crash(message: dict[str, Any]) -> None:
    raise ZeroDivisionError(PERSONAL)


def part_crash(message: dict[str, Any]) -> dict[str, Any]:
    try:
        raise KeyError(PERSONAL)
    except KeyError as error:
        return {"status": "failed", "reason": reason_of(error).model_dump(mode="json")}


def bad(message: dict[str, Any]) -> None:
    raise BadInput(PERSONAL)


def again(self: Any, message: dict[str, Any]) -> None:
    if self.request.retries == 0:
        raise self.retry(countdown=0, exc=RetryableError(PERSONAL))


def give_up(self: Any, message: dict[str, Any]) -> None:
    raise self.retry(countdown=0, exc=RetryableError(PERSONAL))


def die(self: Any, message: dict[str, Any]) -> None:
    if self.app.conf["events_redis"].set(f"died:{message['run_id']}", 1, nx=True):
        os.kill(os.getpid(), signal.SIGKILL)


def hang(message: dict[str, Any]) -> None:
    time.sleep(60)


def make(redis_url: str, worker_class: WorkerClass) -> Celery:
    """The app; tests publish with it, a worker process consumes with it."""
    settings = worker_settings(redis_url)
    app = create_app("events", settings, worker_class, MemoryJoins())
    app.conf["events_redis"] = Redis.from_url(redis_url)
    options: dict[str, dict[str, Any]] = {
        "hang": {"time_limit": 1}, "again": {"bind": True}, "die": {"bind": True},
        "give_up": {"bind": True, "max_retries": 1},
    }  # fmt: skip
    for task in (work, crash, part_crash, bad, again, give_up, die, hang):
        decorate: Any = app.task(name=f"nlp.{task.__name__}", shared=False, **options.get(task.__name__, {}))
        decorate(task)
    return app


def worker_settings(redis_url: str) -> WorkerSettings:
    """Settings of the app and of its worker."""
    return WorkerSettings(message_secret=MESSAGE_SECRET, broker_url=f"{redis_url}/6", visibility_s=5)


_told = EventsSettings()
if _told.events_redis:
    app = make(_told.events_redis, _told.events_kind)
    prepare(app, "events", WorkerSettings(), _told.events_kind)  # type: ignore[call-arg]
