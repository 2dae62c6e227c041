"""Turn handlers into Celery tasks: parts that report outcomes, and control tasks that move a run."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from celery import Celery, Task
from kombu.exceptions import OperationalError
from pydantic import ValidationError

from millrace.contracts.base import Message, now
from millrace.contracts.catalogue import TaskSpec
from millrace.contracts.messages import PartMessage, RunMessage
from millrace.contracts.outcome import Outcome, OutcomeStatus
from millrace.storage.artifacts import ArtifactStore
from millrace.telemetry.logs import get_logger
from millrace.worker import handling
from millrace.worker.dead_letters import Why, dead_letter
from millrace.worker.errors import NobodyWaits, RetryableError
from millrace.worker.execution import execute, refused
from millrace.worker.join.backend import CONF_KEY
from millrace.worker.join.errors import JoinUnavailable
from millrace.worker.join.store import Begun, JoinStore
from millrace.worker.part import Handler
from millrace.worker.quarantine import Naming, quarantined, unnamed

log = get_logger(__name__)

MAX_RETRIES = 2
_FIRST_BACKOFF_S = 0.25

Input = TypeVar("Input", bound=Message)
ControlMessage = TypeVar("ControlMessage", bound=RunMessage)


def register_part(
    app: Celery, spec: TaskSpec[Input], handler: Handler[Input], store: ArtifactStore, naming: Naming = unnamed
) -> None:
    """Offer a part task: it decodes the contract, runs the handler and returns an outcome, never an exception.

    A part whose outcome its join already has is not run again: Celery only hands the outcome to the join once more.
    Nor is one that was begun so often without an end that it must be what kills its workers; `naming` then tells whose
    row it is, for a task that a flow may map.
    """

    def run(self: Task[Any, Any], message: dict[str, Any]) -> Any:
        decoded = PartMessage.model_validate(message)
        if decoded.stage_deadline_at <= now():
            return refused(decoded, OutcomeStatus.TIMED_OUT, "deadline_passed", now(), void=True).model_dump(
                mode="json"
            )
        place = _Place.of(app, self)
        begun = place.begin()
        if begun.value is not None:
            handling.hand_on()
            return json.loads(begun.value)
        if begun.closed:
            outcome = refused(decoded, OutcomeStatus.SKIPPED, NobodyWaits.code, now())
        elif begun.times > decoded.patience:
            killed = quarantined(spec, store, decoded, begun.times, naming)
            outcome = killed.model_copy(update={"deliveries": begun.times})
        else:
            try:
                outcome = execute(spec, handler, store, decoded, begun.times, place.closed)
            except RetryableError as error:
                outcome = _retry(self, decoded, error, place)
        return outcome.model_dump(mode="json")

    _register(app, spec, run)


def register_control(app: Celery, spec: TaskSpec[ControlMessage], handler: Callable[[ControlMessage], None]) -> None:
    """Offer a control task. What it raises is tried again; what it loses is found by the sweep."""

    def run(self: Task[Any, Any], message: dict[str, Any]) -> None:
        try:
            handler(spec.input.model_validate(message))
        except ValidationError:
            # The message itself was checked before it came here (`checks`).
            dead_letter(app, self.request, Why.UNREADABLE_RECORD)
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


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A part's place in its join; a part that was published alone has none.

    A join that does not answer keeps no part from running: what it knows saves work, the run record guards truth.
    """

    app: Any
    joins: JoinStore
    key: str | None
    part: str

    @classmethod
    def of(cls, app: Celery, task: Task[Any, Any]) -> "_Place":
        chord: Any = task.request.chord
        key = chord and chord["options"]["task_id"]
        return cls(app=app, joins=app.conf[CONF_KEY], key=key, part=str(task.request.id))

    def begin(self) -> Begun:
        if self.key is None:
            return Begun()
        try:
            return self._believed(self.key, self.joins.begin(self.key, self.part))
        except JoinUnavailable as error:
            log.warning("join_unavailable", extra={"action": "join_unavailable", "error": str(error)})
            return Begun()

    def _believed(self, key: str, begun: Begun) -> Begun:
        """What is known of the part; an outcome that none of us signed is dropped, and the part runs."""
        if begun.value is None:
            return begun
        value, why = self.app.signer.open_outcome(key, self.part, begun.value)
        if why is None:
            return replace(begun, value=value)
        log.warning("outcome_refused", extra={"action": "outcome_refused", "reason": why.value, "part": self.part})
        self.leave()
        return replace(self.joins.begin(key, self.part), value=None)

    def closed(self) -> bool:
        if self.key is None:
            return False
        try:
            return self.joins.closed(self.key)
        except JoinUnavailable as error:
            log.warning("join_unavailable", extra={"action": "join_unavailable", "error": str(error)})
            return False

    def leave(self) -> None:
        """The part ended, if only to be tried again: it did not kill its worker."""
        if self.key is not None:
            self.joins.drop(self.key, [self.part])


def _retry(task: Task[Any, Any], message: PartMessage, error: RetryableError, place: _Place) -> Outcome:
    countdown = _backoff(task)
    left = (message.stage_deadline_at - now()).total_seconds()
    if task.request.retries >= MAX_RETRIES or countdown >= left:
        return refused(message, OutcomeStatus.FAILED, str(error), now())
    with suppress(JoinUnavailable):
        place.leave()
    raise task.retry(countdown=countdown, exc=error) from error


def _backoff(task: Task[Any, Any]) -> float:
    """Exponential backoff with full jitter in seconds (Brooker 2015, "Exponential Backoff and Jitter")."""
    return random.uniform(0, _FIRST_BACKOFF_S * 2**task.request.retries)  # noqa: S311 - no secret
