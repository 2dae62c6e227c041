"""What a worker counts and measures of its messages, and where its children keep it for their parent to tell."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from billiard.process import current_process
from celery import signals

from millrace.contracts.routing import UNROUTED
from millrace.telemetry.logs import get_logger
from millrace.telemetry.metrics import begin, count, observe, share
from millrace.telemetry.voice import Voice
from millrace.worker import handling
from millrace.worker.lost import REASONS, Lost, on_lost
from millrace.worker.task_events import ended_how

log = get_logger(__name__)

_PREFIX: Final = "millrace-metrics."
_YOUNG_S: Final = 60.0
"""A folder this young may be one that its worker has not locked yet."""
MOST_REASONS: Final = 64
"""Reason codes come from the code of the parts, and are few; what is beyond that many counts as `other`."""


@dataclass
class TaskMetrics:
    """Counts and measures the messages of one process: each from its start until its outcome is joined."""

    _reasons: set[str] = field(default_factory=set)

    def begin(self, **_: Any) -> None:
        """A message is begun (Celery's `task_prerun`)."""
        work = handling.current()
        if work is None or work.queue == UNROUTED:
            return
        if work.sent_at is not None:
            observe("task_wait_seconds", work.queued_s, queue=work.queue, task=work.task)
        if work.redelivered:
            count("task_redeliveries", queue=work.queue, task=work.task)

    def end(self, retval: Any = None, state: str | None = None, **_: Any) -> None:
        """A message is done (Celery's `task_postrun`)."""
        work = handling.current()
        if work is None or work.queue == UNROUTED:
            return
        status, reason = ended_how(state, retval)
        if isinstance(retval, dict) and "step" in retval:
            # What was known already was counted by who found it out.
            if not work.handed_on:
                count("parts", task=work.task, status=status, reason=self._reason(reason))
        elif status == "retried":
            count("task_retries", queue=work.queue, task=work.task)
        observe("task_seconds", work.lasted_s, queue=work.queue, task=work.task, status=status)

    def _reason(self, reason: str | None) -> str:
        code = reason or "none"
        if code not in self._reasons and len(self._reasons) >= MOST_REASONS:
            return "other"
        self._reasons.add(code)
        return code


def measure_tasks(service: str) -> None:
    """Have this worker count and measure, and tell it; after what binds `handling`."""
    meter = TaskMetrics()
    signals.task_prerun.connect(meter.begin, weak=False)
    signals.task_postrun.connect(meter.end, weak=False)
    on_lost(_lost)
    voice = Voice(service)
    signals.worker_ready.connect(voice.start, weak=False)
    signals.worker_shutdown.connect(voice.stop, weak=False)


def begin_lost(sender: Any, **_: Any) -> None:
    """What may become of the children of a worker that has some is known before (Celery's `worker_ready`)."""
    for queue in sender.app.amqp.queues.consume_from:
        for reason in REASONS:
            begin("workers_lost", queue=queue, reason=reason)


def _lost(lost: Lost) -> None:
    count("workers_lost", queue=lost.queue, reason=lost.reason)


def share_metrics(children: int) -> None:
    """Have the children that are forked from now on count into files of this worker's own; none are left behind.

    Without room for them there are none, and only what the parent counts is told.
    """
    try:
        folder = _own_folder()
        share(folder, children, lambda: getattr(current_process(), "index", "parent"))
    except OSError as error:
        log.error("metrics_not_shared", extra={"action": "metrics_not_shared", "error": error.strerror})
    else:
        signals.worker_shutdown.connect(lambda **_: shutil.rmtree(folder, ignore_errors=True), weak=False)


def _own_folder() -> Path:
    """A folder that this process has locked for as long as it or a child of it lives."""
    for left in _left_behind():
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)
    return folder


def _left_behind() -> Iterator[Path]:
    """Folders of workers that were killed. A container that is started again has the same files."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime < _YOUNG_S:
                continue
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield folder
            finally:
                os.close(descriptor)
