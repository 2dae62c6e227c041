"""Turn handlers into Celery tasks: parts that report outcomes, and control tasks that move a run."""

import json
import random
from collections.abc import Callable
from typing import Any, TypeVar

from celery import Celery, Task
from kombu.exceptions import OperationalError
from pydantic import ValidationError

from millrace.contracts.base import Message, now
from millrace.contracts.catalogue import TaskSpec
from millrace.contracts.messages import PartMessage, RunMessage
from millrace.contracts.outcome import OutcomeStatus
from millrace.storage.artifacts import ArtifactStore
from millrace.telemetry.logs import get_logger
from millrace.worker.errors import RetryableError
from millrace.worker.execution import execute, refused
from millrace.worker.join.backend import CONF_KEY
from millrace.worker.join.store import JoinStore
from millrace.worker.part import Handler

log = get_logger(__name__)

MAX_RETRIES = 2
_FIRST_BACKOFF_S = 0.25

Input = TypeVar("Input", bound=Message)
ControlMessage = TypeVar("ControlMessage", bound=RunMessage)


def register_part(app: Celery, spec: TaskSpec[Input], handler: Handler[Input], store: ArtifactStore) -> None:
    """Offer a part task: it decodes the contract, runs the handler and returns an outcome, never an exception.

    A part whose outcome its join already has is not run again: Celery only hands the outcome to the join once more.
    """

    def run(self: Task[Any, Any], message: dict[str, Any]) -> Any:
        decoded = PartMessage.model_validate(message)
        known = _known(app, self)
        if known is not None:
            return known
        try:
            return execute(spec, handler, store, decoded, self.request.retries + 1).model_dump(mode="json")
        except RetryableError as error:
            return _retry(self, decoded, error)

    _register(app, spec, run)


def register_control(app: Celery, spec: TaskSpec[ControlMessage], handler: Callable[[ControlMessage], None]) -> None:
    """Offer a control task. What it raises is tried again; what it loses is found by the sweep."""

    def run(self: Task[Any, Any], message: dict[str, Any]) -> None:
        try:
            handler(spec.input.model_validate(message))
        except ValidationError:
            log.error("message_unreadable", extra={"action": "message_unreadable", "task": spec.name})
            raise
        except Exception as error:
            if not (getattr(error, "retryable", False) or isinstance(error, OperationalError)):
                raise
            raise self.retry(countdown=_backoff(self), exc=error) from error

    _register(app, spec, run)


def _register(app: Celery, spec: TaskSpec[Any], run: Callable[..., Any]) -> None:
    # Not shared: Celery would offer the task on every other app of the process too.
    options: dict[str, Any] = {"shared": False, "soft_time_limit": spec.soft_limit_s, "time_limit": spec.hard_limit_s}
    decorate: Callable[[Callable[..., Any]], Any] = app.task(
        name=spec.name, bind=True, max_retries=MAX_RETRIES, **options
    )
    decorate(run)


def _known(app: Celery, task: Task[Any, Any]) -> Any:
    """The outcome that this part's join already has, as Celery would return it."""
    chord: Any = task.request.chord
    if chord is None:
        return None
    joins: JoinStore = app.conf[CONF_KEY]
    known = joins.get(chord["options"]["task_id"], str(task.request.id))
    return None if known is None else json.loads(known)


def _retry(task: Task[Any, Any], message: PartMessage, error: RetryableError) -> Any:
    countdown = _backoff(task)
    left = (message.stage_deadline_at - now()).total_seconds()
    if task.request.retries >= MAX_RETRIES or countdown >= left:
        return refused(message, OutcomeStatus.FAILED, str(error), now()).model_dump(mode="json")
    raise task.retry(countdown=countdown, exc=error) from error


def _backoff(task: Task[Any, Any]) -> float:
    """Exponential backoff with full jitter in seconds (Brooker 2015, "Exponential Backoff and Jitter")."""
    return random.uniform(0, _FIRST_BACKOFF_S * 2**task.request.retries)  # noqa: S311 - no secret
