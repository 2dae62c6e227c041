"""One line for every message that a worker begins, and one for each that it will not.

They stand in the process that did the work. What carries them (`bind`) is on every other line of that work too.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from celery import signals, states
from kombu.exceptions import OperationalError

from millrace.telemetry import context
from millrace.telemetry.logs import get_logger
from millrace.worker import handling
from millrace.worker.execution import worker_name
from millrace.worker.lost import Lost, on_lost
from millrace.worker.sending import queue_of

log = get_logger(__name__)

_STATUS: Final = {
    states.SUCCESS: "succeeded", states.FAILURE: "failed", states.RETRY: "retried", states.IGNORED: "ignored",
    states.REJECTED: "rejected",
}  # fmt: skip
BROKEN_OFF: Final = "broken_off"
"""A message whose task neither returned nor raised an error: a greenlet beyond its hard limit, a process that exits."""
FAULTS: Final = ("failed", "timed_out", BROKEN_OFF)
"""Ends that are errors: of a part, which raises nothing, as of any other task."""
_TOLD_BY_THE_PARENT: Final = ("TimeLimitExceeded", "WorkerLostError", "Terminated")
"""What Celery's parent raises on behalf of a child that is gone (`_lost`)."""
_EXPECTED: Final = ("bad_input", "nobody_waits")
"""Codes of errors that are nobody's fault but the input's, or nobody's at all."""


def connect(forks: bool) -> None:
    """Tell of the messages of this worker from now on. Connected after what keeps `handling`.

    `forks`: it has children, and its parent tells of those that are lost.
    """
    failed = partial(_failed, _TOLD_BY_THE_PARENT if forks else ())
    signals.task_prerun.connect(_began, weak=False, dispatch_uid="task-events")
    signals.task_postrun.connect(_ended, weak=False, dispatch_uid="task-events")
    signals.task_retry.connect(_retried, weak=False, dispatch_uid="task-events")
    signals.task_failure.connect(failed, weak=False, dispatch_uid="task-events")
    signals.task_internal_error.connect(failed, weak=False, dispatch_uid="task-events")
    signals.task_revoked.connect(_revoked, weak=False, dispatch_uid="task-events")
    on_lost(_lost)


def about(task: str, kwargs: Any) -> dict[str, Any]:
    """The fields of a message: its run, its place in the trace, its task and its queue."""
    message = kwargs.get("message") if isinstance(kwargs, Mapping) else None
    return context.message_fields(message) | {"task": task, "queue": queue_of(task)}


def redacted(kwargs: Any) -> dict[str, Any]:
    """What of a task's arguments may be told: ids, where it belongs, and how many artifacts it refers to."""
    message = kwargs.get("message") if isinstance(kwargs, Mapping) else None
    told = context.told_by(message)
    inputs = message.get("inputs") if isinstance(message, Mapping) else None
    if isinstance(inputs, Mapping):
        told["refs"] = sum(len(refs) for refs in inputs.values())
    return told


def _began(task: Any, kwargs: Any, **_: Any) -> None:
    work = handling.current()
    fields = about(task.name, kwargs)
    if work is not None:
        fields |= context.message_fields({"traceparent": work.traceparent})
    context.forget()
    context.bind(**fields)


def _ended(task: Any, args: Any, kwargs: Any, state: str | None, retval: Any, **_: Any) -> None:
    work = handling.current()
    status, reason = ended_how(state, retval)
    measured = {} if work is None else {
        "duration_s": round(work.lasted_s, 4), "waited_s": round(work.queued_s, 4), "retries": work.retries,
        "redelivered": work.redelivered,
    }  # fmt: skip
    with context.carrying(args=len(args or ()), kwargs=redacted(kwargs)):
        log.info(
            "task_ended",
            extra={
                "action": "task_ended", "status": status, "reason": reason, "worker": worker_name(), **measured,
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
    return _STATUS.get(state or "", BROKEN_OFF), reason


def _retried(sender: Any, request: Any, reason: Any, **_: Any) -> None:
    cause = getattr(reason, "exc", None) or reason
    extra = {"action": "task_retried", "reason": type(cause).__name__, "retries": request.retries}
    log.info("task_retried", extra=extra)


def _failed(told_elsewhere: tuple[str, ...], sender: Any, exception: Any = None, kwargs: Any = None, **_: Any) -> None:
    """What a task raised that ends it. Bad input is no error of ours."""
    name = type(exception).__name__
    if name in told_elsewhere:
        return
    last = sender.max_retries is not None and sender.request.retries >= sender.max_retries
    told = log.warning if expected(exception, last) else log.error
    # A greenlet beyond its limit, and what Celery itself fails at, are told of when the work is over.
    fields = {} if handling.current() else about(sender.name, kwargs)
    with context.carrying(**fields):
        told("task_failed", extra={"action": "task_failed", "reason": name}, exc_info=exception)


def expected(error: BaseException | None, last: bool = False) -> bool:
    """Whether an error is part of the trade: the message was to blame, or it may pass by itself and this was not the
    `last` try.
    """
    if isinstance(error, OperationalError) or getattr(error, "retryable", False):
        return not last
    return getattr(error, "code", "") in _EXPECTED or type(error).__name__ in ("Ignore", "Reject", "Retry")


def _revoked(sender: Any, request: Any, terminated: bool, expired: bool, **_: Any) -> None:
    """It is not begun, or was broken off by a worker that stops."""
    reason = "expired" if expired else "terminated" if terminated else "revoked"
    with context.carrying(**about(sender.name, request.kwargs)):
        log.info("task_revoked", extra={"action": "task_revoked", "reason": reason})


def _lost(lost: Lost) -> None:
    """The parent tells for a child that cannot any more. Beside Celery's own words, which do not know the run."""
    with context.carrying(**about(lost.task, {"message": lost.message})):
        log.error("worker_lost", extra={"action": "worker_lost", "reason": lost.reason})
