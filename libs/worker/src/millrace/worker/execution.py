"""Execute one part: decode, check the time, do the work, store, report. Knows nothing of Celery's machinery."""

import hashlib
import os
import socket
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from pydantic import ValidationError

from millrace.contracts.base import Message, now
from millrace.contracts.catalogue import TaskSpec
from millrace.contracts.messages import PartMessage
from millrace.contracts.outcome import INPUT_LOST, Outcome, OutcomeStatus, Reason, Timings
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.errors import NotFound, StorageError
from millrace.telemetry.logs import get_logger
from millrace.worker import handling
from millrace.worker.crash import point
from millrace.worker.errors import NobodyWaits, RetryableError, WorkerError
from millrace.worker.part import Handler, Part, Result

log = get_logger(__name__)


def input_hash(spec: TaskSpec[Any], message: PartMessage) -> str:
    """Digest of what decides a part's output: task, code version, inputs' digests and params."""
    inputs = {name: [ref.sha256 for ref in refs] for name, refs in sorted(message.inputs.items())}
    rows = (message.slice.start, message.slice.stop) if message.slice else None
    text = repr((spec.name, spec.version, inputs, rows, sorted(message.params.items(), key=lambda item: item[0])))
    return hashlib.sha256(text.encode()).hexdigest()


def execute(
    spec: TaskSpec[Any],
    handler: Handler[Any],
    store: ArtifactStore,
    message: PartMessage,
    deliveries: int = 1,
    abandoned: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Run the handler over the message and report how it went. `abandoned` is asked before the first effect.

    Raises RetryableError when trying again may help; every other end is an outcome.
    """
    part = Part(spec=spec, message=message, store=store, input_hash=input_hash(spec, message), abandoned=abandoned)
    began = now()
    point("part_begun")
    cpu = time.process_time()
    status, reason, result = _attempt(handler, part)
    point("part_computed")
    return Outcome(
        step=message.step, part=message.part, status=status, reason=reason, coverage=result.coverage,
        artifacts={name: tuple(refs) for name, refs in part.artifacts.items()}, facts=result.facts,
        timings=_timings(message, began, read_s=part.read_s, write_s=part.write_s, cpu_s=time.process_time() - cpu),
        deliveries=deliveries, urgent=reason is not None and reason.code == INPUT_LOST, **_done_by(),
    )  # fmt: skip


def _attempt(handler: Handler[Any], part: Part) -> tuple[OutcomeStatus, Reason | None, Result]:
    if part.remaining_s() <= 0:
        return OutcomeStatus.TIMED_OUT, Reason(code="deadline_passed"), Result()
    try:
        return OutcomeStatus.SUCCEEDED, None, handler(_decode(part), part)
    except SoftTimeLimitExceeded:
        part.roll_back()
        return OutcomeStatus.TIMED_OUT, Reason(code="soft_time_limit"), Result()
    except ValidationError as error:
        part.roll_back()
        return OutcomeStatus.FAILED, Reason(code="bad_message", detail=_fields(error)), Result()
    except NobodyWaits as error:
        return OutcomeStatus.SKIPPED, reason_of(error), Result()
    except Exception as error:
        part.roll_back()
        if getattr(error, "retryable", False):
            raise RetryableError(type(error).__name__) from error
        return OutcomeStatus.FAILED, reason_of(error), Result()


def _decode(part: Part) -> Message:
    return part.spec.input.model_validate({**part.message.params, **part.message.inputs})  # type: ignore[no-any-return]


def _fields(error: ValidationError) -> str:
    """Which fields were wrong; never what stood in them."""
    return ", ".join(".".join(map(str, each["loc"])) + ": " + each["type"] for each in error.errors()[:5])


def reason_of(error: Exception) -> Reason:
    """A failed part's reason. The text of an unexpected exception may hold data, so only its name is told."""
    retryable = bool(getattr(error, "retryable", False))
    if isinstance(error, WorkerError):
        return Reason(code=error.code, detail=str(error), retryable=retryable)
    if isinstance(error, NotFound):
        return Reason(code=INPUT_LOST, detail=str(error), retryable=True)
    if isinstance(error, StorageError):
        return Reason(code=type(error).__name__.lower(), detail=str(error), retryable=retryable)
    log.exception("part_crashed", extra={"action": "part_crashed", "error": type(error).__name__})
    return Reason(code="internal_error", detail=type(error).__name__)


def refused(message: PartMessage, status: OutcomeStatus, code: str, began: datetime, void: bool = False) -> Outcome:
    """The outcome of a part that was not attempted."""
    return Outcome(
        step=message.step, part=message.part, status=status, reason=Reason(code=code, retryable=True),
        timings=_timings(message, began), void=void, **_done_by(),
    )  # fmt: skip


def _timings(message: PartMessage, began: datetime, **spent: float) -> Timings:
    work = handling.current()
    return Timings(
        published_at=message.published_at, started_at=began, ended_at=now(),
        sent_at=work.sent_at if work else None, forked_at=work.forked_at if work else None,
        ready_at=work.ready_at if work else None, dispatch_queued_s=message.dispatch_queued_s, **spent,
    )  # fmt: skip


def _done_by() -> dict[str, Any]:
    """Who did the work, at which try, and in which span."""
    work = handling.current()
    tried = {"retries": work.retries, "traceparent": work.traceparent} if work else {}
    return {"worker": worker_name(), **tried}


def worker_name() -> str:
    """Host and process that did the work."""
    return f"{socket.gethostname()}:{os.getpid()}"
