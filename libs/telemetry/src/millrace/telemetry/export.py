"""The way out for spans: a bounded queue and one thread that sends at once what is there.

Nothing that is at work waits for a receiver, but for one short moment before a message is acknowledged (`barrier`), and
not even that while the receiver is late or away.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakMethod

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from millrace.telemetry.fates import Tell, counted
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

MOST_WAITING: Final = 4096
"""Spans that wait to be sent; about 8 MB. What comes when so many wait is dropped."""
BATCH: Final = 512
"""Spans after which a request takes no more subtrees."""
KEEP_S: Final = 30.0
"""Seconds for which spans are tried again: as long as an agent takes to be replaced."""
AGAIN_S: Final = 1.0
"""Seconds from a failure to the next try."""
BARRIER_S: Final = 0.05
CLOSE_S: Final = 1.0
"""Seconds that an ending process gives its last spans, if the receiver has answered in time so far."""
CLOSE_UNHEALTHY_S: Final = 0.1


@dataclass
class _Bundle:
    spans: Sequence[ReadableSpan]
    since: float


@dataclass(kw_only=True)
class Outbox:
    """Sends bundles of spans, each whole or not at all."""

    exporter: SpanExporter
    most: int = MOST_WAITING
    keep_s: float = KEEP_S
    tell: Tell = field(default_factory=lambda: counted("spans"))
    healthy: bool = True
    """Whether the receiver took what it was sent last."""
    prompt: bool = True
    """Whether it did so in less time than anybody waits for it."""
    _changed: threading.Condition = field(init=False, repr=False)
    _waiting: deque[_Bundle] = field(init=False, repr=False)
    _thread: threading.Thread | None = field(init=False, repr=False)
    _put: int = field(init=False, repr=False)
    _done: int = field(init=False, repr=False)
    _closed: bool = field(init=False, repr=False, default=False)

    def __post_init__(self) -> None:
        self._renew()
        renew = WeakMethod(self._renew)
        os.register_at_fork(after_in_child=lambda: (found := renew()) and found())

    def _renew(self) -> None:
        """Begin anew; in a forked child, without the parent's thread, its lock, and what it has to send."""
        self._changed = threading.Condition()
        self._waiting = deque()
        self._thread = None
        self._put = self._done = 0

    def put(self, spans: Sequence[ReadableSpan]) -> None:
        """Have these spans sent together. Never blocks."""
        with self._changed:
            full = self._put - self._done + len(spans) > self.most
            if not (full or self._closed):
                self._waiting.append(_Bundle(spans, time.monotonic()))
                self._put += len(spans)
                self._start()
                self._changed.notify_all()
                return
        self.tell(len(spans), "queue_full" if full else "closed")

    def barrier(self, timeout_s: float = BARRIER_S) -> bool:
        """Wait until all that was put so far is taken; False when it is not, or nobody may wait for this receiver."""
        if self._done >= self._put:
            return True
        with self._changed:
            wanted = self._put
            if not (self.healthy and self.prompt):
                return False
            if self._changed.wait_for(lambda: self._done >= wanted, timeout_s):
                return self.healthy
            # Nobody waits for it again before it was quick once more.
            self.prompt = False
            return False

    def close(self) -> None:
        """Send what is there, for a moment, and drop the rest. What comes later is dropped too."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_S if self.healthy else CLOSE_UNHEALTHY_S)
        with self._changed:
            left = self._put - self._done
            self._waiting.clear()
            self._done = self._put
        if left:
            self.tell(left, "closed")

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while taken := self._take():
            spans, began = [span for bundle in taken for span in bundle.spans], time.monotonic()
            if self._export(spans):
                self.prompt = time.monotonic() - began < BARRIER_S
                self._finish(spans, "")
                self._turn(healthy=True)
                continue
            self._turn(healthy=False)
            if self._closed or time.monotonic() - taken[0].since > self.keep_s:
                self._finish(spans, "closed" if self._closed else "export_failed")
            else:
                self._put_back(taken)

    def _take(self) -> list[_Bundle]:
        """What is sent next; nothing when all is done for good."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            taken, number = [], 0
            while self._waiting and number < BATCH:
                taken.append(self._waiting.popleft())
                number += len(taken[-1].spans)
            return taken

    def _put_back(self, taken: list[_Bundle]) -> None:
        with self._changed:
            self._waiting.extendleft(reversed(taken))
            self._changed.wait_for(lambda: self._closed, AGAIN_S)

    def _export(self, spans: Sequence[ReadableSpan]) -> bool:
        try:
            return self.exporter.export(spans) is SpanExportResult.SUCCESS
        except Exception as error:  # whatever it is: this thread must live on
            log.exception("export_crashed", extra={"action": "export_crashed", "error": type(error).__name__})
            return False

    def _finish(self, spans: Sequence[ReadableSpan], dropped: str) -> None:
        with self._changed:
            if self._done >= self._put:  # given up by `close`
                return
            self._done += len(spans)
            self._changed.notify_all()
        self.tell(len(spans), dropped)

    def _turn(self, *, healthy: bool) -> None:
        if healthy is self.healthy:
            return
        self.healthy = healthy
        action = "export_resumed" if healthy else "export_failing"
        log.log(20 if healthy else 30, action, extra={"action": action})
