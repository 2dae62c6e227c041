"""A child that was killed or died at work: noticed in the parent, and told to whoever wants to hear of it.

The child itself can tell nothing any more. Celery raises no signal for a lost worker whose message goes back to its
queue, so the request's own class tells (`Task.Request`, what a worker makes of each message).
"""

import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from billiard import einfo
from billiard.exceptions import WorkerLostError
from celery import Celery
from celery.worker import request, state

from millrace.telemetry.context import told_by
from millrace.worker.sending import queue_of

HARD_LIMIT: Final = "hard_time_limit"
OUT_OF_MEMORY: Final = "out_of_memory"
EXITED: Final = "exited"
REASONS: Final = (HARD_LIMIT, OUT_OF_MEMORY, EXITED, "sigabrt", "sigbus", "sigkill", "sigsegv", "sigterm")
"""Those that are to be expected: of the signals, what kills a process and is not our own doing."""
_SIGNAL: Final = re.compile(r"\bsignal (\d+)")
_EVENTS: Final = Path("/sys/fs/cgroup/memory.events")
"""https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files"""


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A message whose child is gone."""

    task: str
    task_id: str
    queue: str
    reason: str
    """`hard_time_limit`, `out_of_memory`, `exited` or the signal's name, such as `sigkill`."""
    message: Mapping[str, Any] = field(default_factory=dict)
    """What the message says of its run: only ids, and its trace context."""
    sent_at: object = None
    """What its header of that name says."""
    began_at: float | None = None
    """When its child took it, in seconds since 1970; None when none had."""
    redelivered: bool = False
    """Whether it was begun before, as far as the broker tells."""


Listener = Callable[[Lost], None]
_listeners: list[Listener] = []


def on_lost(listener: Listener) -> None:
    """Have this called in the worker's parent for each lost child. It must neither raise nor wait for anything."""
    _listeners.append(listener)


def notice_lost_children(app: Celery) -> None:
    """Have the app's worker tell; before its tasks are begun, and only when it has children.

    A hard limit loses no greenlet: it ends what that carries out, and the greenlet tells of it.
    """
    app.Task.Request = f"{__name__}:Request"


# The stubs of celery do not know what a request is told, those of billiard not how an error comes over a pipe.
_Wrapped: Any = einfo.ExceptionWithTraceback  # type: ignore[attr-defined]
_Request: Any = request.Request


class Request(_Request):  # type: ignore[misc]
    """Celery's request, which tells when its child is lost. Not while the worker is ended with all of its children."""

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """See Celery."""
        if not soft:
            self._tell(HARD_LIMIT)
        super().on_timeout(soft, timeout)

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> Any:
        """See Celery."""
        error = exc_info.exception
        error = error.exc if isinstance(error, _Wrapped) else error
        if isinstance(error, WorkerLostError | SystemExit):
            self._tell(reason_of(str(error), _memory))
        return super().on_failure(exc_info, send_failed_event, return_ok)

    def _tell(self, reason: str) -> None:
        if not state.should_terminate:
            lost = Lost(
                task=self.name, task_id=self.id, queue=queue_of(self.name), reason=reason, message=_said(self.kwargs),
                sent_at=self.request_dict.get("sent_at"), began_at=self.time_start,
                redelivered=bool(self.delivery_info.get("redelivered")),
            )  # fmt: skip
            for listener in _listeners:
                listener(lost)


@dataclass
class Memory:
    """How often the kernel has ended a process of this container for its memory."""

    events: Path = _EVENTS
    _known: int = 0

    def __post_init__(self) -> None:
        self._known = self._kills()

    def ended_one(self) -> bool:
        """Whether it did so again since it was asked last. False where nobody says."""
        before, self._known = self._known, self._kills()
        return self._known > before

    def _kills(self) -> int:
        try:
            found = re.search(r"^oom_kill (\d+)$", self.events.read_text(), re.MULTILINE)
        except OSError:
            return 0
        return int(found[1]) if found else 0


_memory: Final = Memory()


def reason_of(error: str, memory: Memory) -> str:
    """Why, by what billiard says of the child's end, such as `signal 9 (SIGKILL)`."""
    found = _SIGNAL.search(error)
    if found is None:
        return EXITED
    try:
        name = signal.Signals(int(found[1]))
    except ValueError:
        return EXITED
    killed = name is signal.SIGKILL and memory.ended_one()
    return OUT_OF_MEMORY if killed else name.name.lower()


def _said(kwargs: Any) -> Mapping[str, Any]:
    message = kwargs.get("message") if isinstance(kwargs, dict) else None
    place = message.get("traceparent") if isinstance(message, dict) else None
    return told_by(message) | ({"traceparent": place} if place else {})
