"""One line for every message that a worker begins, and one for each that it will not.

They stand in the process that did the work. What carries them (`bind`) is on every other line of that work too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from celery import signals, states
from kombu.exceptions import OperationalError

from millrace.telemetry import context
from millrace.telemetry.logs import get_logger
from millrace.worker import handling
from millrace.worker.execution import worker_name
from millrace.worker.lost import Lost, on_lost

log = get_logger(__name__)

_STATUS: Final = {
    states.SUCCESS: "succeeded", states.FAILURE: "failed", states.RETRY: "retried", states.IGNORED: "ignored",
    states.REJECTED: "rejected",
}  # fmt: skip
_TOLD_BY_THE_PARENT: Final = ("TimeLimitExceeded", "WorkerLostError", "Terminated")
"""What Celery's parent raises on behalf of a child that is gone (`_lost`)."""
_EXPECTED: Final = ("bad_input", "nobody_waits")
"""Codes of errors that are nobody's fault but the input's, or nobody's at all."""


@dataclass(kw_only=True)
class _Begun:
    """A message at work."""

    at: float = field(default_factory=monotonic)
    waited_s: float = 0.0


def connect() -> None:
    """Tell of the messages of this worker from now on. Connected after what keeps `handling`."""
    signals.task_prerun.connect(_began, weak=False, dispatch_uid="task-events")
    signals.task_postrun.connect(_ended, weak=False, dispatch_uid="task-events")
    signals.task_retry.connect(_retried, weak=False, dispatch_uid="task-events")
    signals.task_failure.connect(_failed, weak=False, dispatch_uid="task-events")
    signals.task_internal_error.connect(_failed, weak=False, dispatch_uid="task-events")
    signals.task_revoked.connect(_revoked, weak=False, dispatch_uid="task-events")
    on_lost(_lost)


def about(task: str, request: Any, kwargs: Any) -> dict[str, Any]:
    """The fields of a message: its run, its place in the trace, its task and its queue. `request`: Celery's."""
    message = kwargs.get("message") if isinstance(kwargs, Mapping) else None
    delivery = getattr(request, "delivery_info", None) or {}
    fields = context.message_fields(message) | {"task": task}
    queue = delivery.get("routing_key")
    return fields | {"queue": queue} if queue else fields


def redacted(kwargs: Any) -> dict[str, Any]:
    """What of a task's arguments may be told: ids, where it belongs, and how many artifacts it refers to."""
    message = kwargs.get("message") if isinstance(kwargs, Mapping) else None
    if not isinstance(message, Mapping):
        return {}
    told = {name: message[name] for name in context.MESSAGE_FIELDS if message.get(name) is not None}
    inputs = message.get("inputs")
    if isinstance(inputs, Mapping):
        told["refs"] = sum(len(refs) for refs in inputs.values())
    return told


def _began(task: Any, kwargs: Any, **_: Any) -> None:
    now = handling.current()
    fields = about(task.name, task.request, kwargs)
    if now is not None:
        fields |= context.message_fields({"traceparent": now.traceparent})
    context.forget()
    context.bind(**fields)
    task.request.begun = _Begun(waited_s=now.queued_s if now else 0.0)


def _ended(task: Any, args: Any, kwargs: Any, state: str | None, retval: Any, **_: Any) -> None:
    request = task.request
    begun = getattr(request, "begun", None) or _Begun()
    status, reason = ended_how(state, retval)
    with context.carrying(args=len(args or ()), kwargs=redacted(kwargs)):
        log.info(
            "task_ended",
            extra={
                "action": "task_ended", "status": status, "reason": reason, "retries": request.retries,
                "duration_s": round(monotonic() - begun.at, 4), "waited_s": round(begun.waited_s, 4),
                "redelivered": bool((request.delivery_info or {}).get("redelivered")), "worker": worker_name(),
            },
        )  # fmt: skip
    context.forget()


def ended_how(state: str | None, retval: Any) -> tuple[str, str | None]:
    """A message's status and its reason. A part that came back has an outcome, which says more than Celery's state."""
    if state == states.SUCCESS and isinstance(retval, Mapping) and "status" in retval:
        reason = retval.get("reason") or {}
        return str(retval["status"]), reason.get("code")
    cause = getattr(retval, "exc", None) or retval
    reason = type(cause).__name__ if isinstance(cause, BaseException) else None
    return _STATUS.get(state or "", "broken_off"), reason


def _retried(sender: Any, request: Any, reason: Any, **_: Any) -> None:
    cause = getattr(reason, "exc", None) or reason
    extra = {"action": "task_retried", "reason": type(cause).__name__, "retries": request.retries}
    log.info("task_retried", extra=extra)


def _failed(sender: Any, exception: Any = None, **_: Any) -> None:
    """What a task raised that ends it. A store that stays away and bad input are no errors of ours."""
    name = type(exception).__name__
    if name in _TOLD_BY_THE_PARENT:
        return
    told = log.warning if expected(exception) else log.error
    told("task_failed", extra={"action": "task_failed", "reason": name}, exc_info=exception)


def expected(error: BaseException | None) -> bool:
    """Whether an error is part of the trade: it may pass by itself, or the message was to blame."""
    if isinstance(error, OperationalError) or getattr(error, "retryable", False):
        return True
    return getattr(error, "code", "") in _EXPECTED or type(error).__name__ in ("Ignore", "Reject", "Retry")


def _revoked(sender: Any, request: Any, terminated: bool, expired: bool, **_: Any) -> None:
    """It is not begun, or was broken off by a worker that stops."""
    reason = "expired" if expired else "terminated" if terminated else "revoked"
    with context.carrying(**about(sender.name, request, request.kwargs)):
        log.info("task_revoked", extra={"action": "task_revoked", "reason": reason})


def _lost(lost: Lost) -> None:
    """The parent tells for a child that cannot any more. Beside Celery's own words, which do not know the run."""
    fields = context.message_fields(lost.message) | {"task": lost.task, "queue": lost.queue}
    with context.carrying(**fields):
        log.error("worker_lost", extra={"action": "worker_lost", "reason": lost.reason})
