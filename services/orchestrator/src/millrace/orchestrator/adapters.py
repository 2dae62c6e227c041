"""The orchestrator's way to the outside: outcomes out of the join, messages into the queues."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import gevent  # type: ignore[import-untyped]
from celery import Celery
from pydantic import ValidationError

from millrace.contracts.catalogue import ADVANCE, DELIVER, FAN_OUT
from millrace.contracts.ids import event_id
from millrace.contracts.messages import Advance, Deliver, FanOut
from millrace.contracts.outcome import Outcome, OutcomeStatus, Reason
from millrace.contracts.run import RunRecord
from millrace.orchestrator.canvas import join_key, part_of, task_id_of
from millrace.telemetry.logs import get_logger
from millrace.worker.join.store import JoinStore
from millrace.worker.publish import publish
from millrace.worker.signing import Signer

log = get_logger(__name__)


class Messenger(Protocol):
    """What the engine asks of the queues."""

    def fan_out(self, record: RunRecord, stage: str, only: tuple[str, ...] | None) -> None:
        """Have a stage's parts published."""

    def look(self, record: RunRecord, stage: str) -> None:
        """Have the stage looked at by the engine."""

    def deliver(self, record: RunRecord) -> None:
        """Have the run's callback delivered."""


class Timer(Protocol):
    """Calls later."""

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call this in so many seconds, if the process still lives."""


@dataclass(frozen=True)
class GreenletTimer:
    """A greenlet for each call that waits."""

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """See `Timer`."""
        gevent.spawn_later(seconds, call)


@dataclass(frozen=True)
class CeleryMessenger:
    """Messages over the broker."""

    app: Celery

    def fan_out(self, record: RunRecord, stage: str, only: tuple[str, ...] | None) -> None:
        """See `Messenger`."""
        message = FanOut(
            **record.head,
            stage=stage, only=only,
        )  # fmt: skip
        publish(self.app, FAN_OUT, message, f"{record.run_id}:{record.attempt}:{stage}:fan_out:{record.revision}")

    def look(self, record: RunRecord, stage: str) -> None:
        """See `Messenger`."""
        message = Advance(**record.head | {"traceparent": record.place_of(stage)}, stage=stage)
        publish(self.app, ADVANCE, message, f"{record.run_id}:{record.attempt}:{stage}:look")

    def deliver(self, record: RunRecord) -> None:
        """See `Messenger`."""
        made = record.callback.deliveries if record.callback else 0
        event = record.callback.event_id if record.callback else event_id(record.run_id)
        message = Deliver(
            **record.head,
            event_id=event, delivery=made + 1,
        )  # fmt: skip
        publish(self.app, DELIVER, message, f"{event}:{made + 1}")


@dataclass(frozen=True)
class Joins:
    """A stage's outcomes, read from the join."""

    store: JoinStore
    signer: Signer

    def outcomes(self, record: RunRecord, stage: str) -> Mapping[str, Outcome]:
        """By part id; what is no outcome, or none that a part of ours signed, is a failed one."""
        key = join_key(record.tenant, record.run_id, record.attempt, stage)
        return {part_of(task): self._signed(key, task, value) for task, value in self.store.values(key).items()}

    def _signed(self, key: str, task: str, kept: str) -> Outcome:
        part = part_of(task)
        value, why = self.signer.open_outcome(key, task, kept)
        if why is None:
            return _outcome(part, _read(value))
        # The id of the task names run, attempt, stage and part.
        log.warning("outcome_refused", extra={"action": "outcome_refused", "reason": why.value, "part": task})
        # Nothing is known of the part, so it may be published again.
        return _failed(part, OutcomeStatus.FAILED, Reason(code="outcome_refused", detail=why.value, retryable=True))

    def published(self, record: RunRecord, stage: str) -> bool:
        """Whether every part of the stage was published, and nothing of its join is lost since."""
        return self.store.sealed(join_key(record.tenant, record.run_id, record.attempt, stage))

    def drop(self, record: RunRecord, stage: str, parts: Iterable[str]) -> None:
        """Forget the outcomes of parts that are to run again."""
        key = join_key(record.tenant, record.run_id, record.attempt, stage)
        self.store.drop(key, [task_id_of(record.run_id, record.attempt, stage, part) for part in parts])

    def close(self, record: RunRecord, stage: str) -> None:
        """Take no more outcomes: parts of the stage that begin later are told that nobody waits for them."""
        self.store.close(join_key(record.tenant, record.run_id, record.attempt, stage))

    def clear(self, record: RunRecord, stage: str) -> None:
        """Forget the stage's join: it will be opened anew."""
        self.store.clear(join_key(record.tenant, record.run_id, record.attempt, stage))


def _read(value: str) -> dict[str, object]:
    """A part's value: JSON, and nothing else. Redis may hold what no part of ours wrote, which must hold up no run."""
    try:
        found = json.loads(value)
    except ValueError:
        return {"error": "Unreadable"}
    return found if isinstance(found, dict) else {"error": "Unreadable"}


def _outcome(part: str, value: dict[str, object]) -> Outcome:
    """An outcome as its part reported it, or made from what Celery caught: a hard limit, an unreadable message."""
    try:
        return Outcome.model_validate(value)
    except ValidationError:
        error = str(value.get("error", "unknown"))
        status = OutcomeStatus.TIMED_OUT if error == "TimeLimitExceeded" else OutcomeStatus.FAILED
        code = "hard_time_limit" if error == "TimeLimitExceeded" else "crashed"
        return _failed(part, status, Reason(code=code, detail=error))


def _failed(part: str, status: OutcomeStatus, reason: Reason) -> Outcome:
    """Nobody asks for parts with a name that is none; they are not to raise either."""
    step, _, number = part.rpartition(".")
    named = int(number) if re.fullmatch("[0-9]{1,9}", number) else 0
    return Outcome(step=step, part=named, status=status, reason=reason)
