"""Each message that a worker takes, as two spans: its wait in the queue, and its being carried out.

Both are written here, and together: a lost sender leaves no span without its parent, and a worker that is killed leaves
neither of the two. Whoever gets the message next writes them anew. For a child that is lost its parent writes them.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from celery import signals

from millrace.contracts.base import now
from millrace.contracts.tracing import within as below
from millrace.telemetry.context import told_by
from millrace.telemetry.structure import Written, emit_all
from millrace.telemetry.table import Kind
from millrace.telemetry.tracing import (
    Value,
    attached,
    barrier,
    begin,
    close,
    current_traceparent,
    fail,
    known,
    nanoseconds,
    recorded,
    within,
)
from millrace.worker import handling
from millrace.worker.handling import Handling
from millrace.worker.lost import Lost, on_lost
from millrace.worker.sending import about, queue_of
from millrace.worker.signing import SENT_AT
from millrace.worker.task_events import FAULTS, ended_how

AHEAD: Final = timedelta(seconds=60)
"""So much may a sender's clock be ahead of ours."""
OLDEST: Final = timedelta(days=1)
"""No message waits longer."""


@dataclass
class _Process:
    """What the handlers know of this process."""

    broker_url: str = ""
    forked_at: datetime | None = None
    ready_at: datetime | None = None


_process: Final = _Process()
_work: ContextVar[tuple[ExitStack, Any] | None] = ContextVar("work", default=None)


def connect_first(broker_url: str) -> None:
    """Know of each message before anybody else does."""
    _process.broker_url = broker_url
    signals.task_prerun.connect(_begin, weak=False, dispatch_uid="handling-begin")
    on_lost(_tell_lost)


def connect_last() -> None:
    """Let go of each message once everybody else has looked at it; then it is acknowledged."""
    signals.task_postrun.connect(_end, weak=False, dispatch_uid="handling-end")
    signals.worker_process_shutdown.connect(_close, weak=False, dispatch_uid="spans-close-child")
    signals.worker_shutdown.connect(_close, weak=False, dispatch_uid="spans-close")


def starting() -> None:
    """This process begins to start."""
    _process.forked_at = now()


def ready() -> None:
    """This process can take its first message."""
    _process.ready_at = now()


def sent_at(given: object, began: datetime) -> datetime | None:
    """When a message was sent, by its header; None for what cannot be true. Never later than when it was begun."""
    if not isinstance(given, int | float):
        return None
    try:
        at = datetime.fromtimestamp(given, UTC)
    except (OverflowError, OSError, ValueError):  # not a number, infinite, or beyond the calendar
        return None
    return min(at, began) if began - OLDEST <= at <= began + AHEAD else None


def due_at(sent: datetime | None, eta: str | None, began: datetime) -> datetime | None:
    """Since when it waits: a message with a time of its own (`eta`, Celery's header) was held back until then."""
    if sent is None or eta is None:
        return sent
    due = datetime.fromisoformat(eta)
    return min(max(sent, due if due.tzinfo else due.replace(tzinfo=UTC)), began)


def _begin(task: Any, task_id: str, kwargs: Mapping[str, Any], **_: Any) -> None:
    said = kwargs.get("message")
    message: Mapping[str, Any] = said if isinstance(said, dict) else {}
    began, request = now(), task.request
    sent = due_at(sent_at(request.get(SENT_AT), began), request.eta, began)
    stack, queue = ExitStack(), queue_of(task.name)
    stack.enter_context(attached(message.get("traceparent")))
    redelivered = bool((request.delivery_info or {}).get("redelivered"))
    process = None
    if recorded():
        more = _said(task.name, task_id, message, redelivered) | {"retries": request.retries}
        process = _spans(queue, more, sent or began, began, stack)
        stack.enter_context(within(process))
    _work.set((stack, process))
    handling.begin(
        Handling(
            task=task.name, queue=queue, sent_at=sent, began_at=began, forked_at=_process.forked_at,
            ready_at=_process.ready_at, retries=request.retries, redelivered=redelivered,
            traceparent=current_traceparent(),
        )
    )  # fmt: skip


def _said(task: str, task_id: str, message: Mapping[str, Any], redelivered: bool) -> dict[str, Value]:
    """What both spans say. That it was not begun before is not said: of a span from a record nobody knows."""
    said = {"task": task, "messaging.message.id": task_id, "redelivered": redelivered or None}
    return said | told_by(message)


def _spans(queue: str, more: dict[str, Value], sent: datetime, began: datetime, stack: ExitStack) -> Any:
    """Begin both. The wait, which is the first, is written last, with its own end: with it all goes out."""
    wait = begin(f"wait {queue}", Kind.CONSUMER, about(queue, _process.broker_url, "receive") | more, began=sent)
    said = about(queue, _process.broker_url, "process") | more
    process = begin(f"process {more['task']}", Kind.CONSUMER, said, parent=wait, began=began)
    stack.callback(wait.end, nanoseconds(began))
    return process


def _end(state: str | None, retval: Any, **_: Any) -> None:
    """Nothing was begun when what came before it raised."""
    stack, process = _work.get() or (ExitStack(), None)
    _work.set(None)
    if process is not None:
        _conclude(process, state, retval)
    stack.close()
    handling.end()
    if process is not None:
        barrier()


def _conclude(process: Any, state: str | None, retval: Any) -> None:
    """How it ended. That it is tried again is no failure; a part that failed is one, although it raises nothing."""
    status, reason = ended_how(state, retval)
    process.set_attributes(known({"status": status, "reason": reason}))
    if status in FAULTS:
        fail(process, reason or status)


def _tell_lost(lost: Lost) -> None:
    """Write what the child could not. Its own spans, if it got to write them, are others."""
    if lost.began_at is None:
        return
    place, began = lost.message.get("traceparent"), datetime.fromtimestamp(lost.began_at, UTC)
    wait, process = (below(place, what, lost.task_id, lost.began_at) for what in ("lost wait", "lost process"))
    more = _said(lost.task, lost.task_id, lost.message, lost.redelivered)
    waited = Written(
        name=f"wait {lost.queue}", kind=Kind.CONSUMER, context=wait, parent=place,
        start=sent_at(lost.sent_at, began) or began, end=began,
        attributes=about(lost.queue, _process.broker_url, "receive") | more,
    )  # fmt: skip
    worked = Written(
        name=f"process {lost.task}", kind=Kind.CONSUMER, context=process, parent=wait, start=began, end=now(),
        attributes=about(lost.queue, _process.broker_url, "process") | more | {"status": "lost"}, error=lost.reason,
    )  # fmt: skip
    emit_all([waited, worked])


def _close(**_: Any) -> None:
    close()
