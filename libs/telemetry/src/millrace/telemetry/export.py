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
from millrace.telemetry.threads import begun

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
LOG_S: Final = 60.0
MISSES: Final = 3
"""How often spans may fail, while others are taken in between, until they are refused for good."""


@dataclass
class _Bundle:
    spans: Sequence[ReadableSpan]
    since: float
    alone: bool = False
    """It was in a request that came to nothing: it is tried again without others, in case that was for its sake."""
    after: int = 0
    """How many requests had been taken when it failed last."""
    misses: int = 0


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
    _log_at: float = field(init=False, repr=False, default=float("-inf"))
    _successes: int = field(init=False, repr=False, default=0)

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
            reason = self._why_not(len(spans))
            if not reason:
                self._waiting.append(_Bundle(spans, time.monotonic()))
                self._put += len(spans)
                self._changed.notify_all()
        if reason:
            self.tell(len(spans), reason)

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

    def settled(self, timeout_s: float) -> bool:
        """Wait until all that was put so far is taken or given up, however late the receiver is; whether it is."""
        with self._changed:
            wanted = self._put
            return self._changed.wait_for(lambda: self._done >= wanted, timeout_s)

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

    def _why_not(self, number: int) -> str:
        """Why so many more spans cannot be sent; empty when they can."""
        if self._closed:
            return "closed"
        if self._put - self._done + number > self.most:
            return "queue_full"
        self._thread = self._thread or begun("spans", self._run)
        return "" if self._thread else "no_thread"

    def _run(self) -> None:
        while taken := self._take():
            began = time.monotonic()
            try:
                sent = self.exporter.export([span for bundle in taken for span in bundle.spans])
            except Exception as error:  # whatever it is: this thread must live on
                self._refused(taken, error)
                continue
            if sent is SpanExportResult.SUCCESS:
                self.prompt = time.monotonic() - began < BARRIER_S
                self._successes += 1
                self._finish(taken, "")
                self._turn(healthy=True)
            elif taken[0].alone and taken[0].after < self._successes:
                self._missed(taken[0])
            else:
                self._turn(healthy=False)
                self._failed(taken)

    def _take(self) -> list[_Bundle]:
        """What is sent next; nothing when all is done for good."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            taken: list[_Bundle] = []
            while self._waiting and not (taken and (taken[0].alone or self._waiting[0].alone)):
                taken.append(self._waiting.popleft())
                if sum(len(each.spans) for each in taken) >= BATCH:
                    break
            return taken

    def _refused(self, taken: list[_Bundle], error: Exception) -> None:
        """It cannot even be sent: drop it; of several find out which it is."""
        if len(taken) == 1:
            self._give_up(taken[0], type(error).__name__)
        else:
            self._put_back(taken)

    def _missed(self, bundle: _Bundle) -> None:
        """Others are taken, and this is not."""
        bundle.misses += 1
        if bundle.misses < MISSES:
            self._put_back([bundle])
        else:
            self._give_up(bundle, "refused")

    def _give_up(self, bundle: _Bundle, error: str) -> None:
        if time.monotonic() >= self._log_at:
            self._log_at = time.monotonic() + LOG_S
            log.warning("export_refused", extra={"action": "export_refused", "error": error})
        self._finish([bundle], "refused")

    def _failed(self, taken: list[_Bundle]) -> None:
        """Drop what has waited for too long, wherever it is, and try the rest again in a while."""
        oldest = time.monotonic() - self.keep_s
        with self._changed:
            reason = "closed" if self._closed else "export_failed"
            self._put_back(taken)
            given_up = [each for each in self._waiting if self._closed or each.since < oldest]
            self._waiting = deque(each for each in self._waiting if not (self._closed or each.since < oldest))
        if given_up:
            self._finish(given_up, reason)
        with self._changed:
            self._changed.wait_for(lambda: self._closed, AGAIN_S)

    def _put_back(self, taken: list[_Bundle]) -> None:
        """Behind all others, for it may be what they would wait for."""
        with self._changed:
            for each in taken:
                each.alone, each.after = True, self._successes
            self._waiting.extend(taken)

    def _finish(self, bundles: Sequence[_Bundle], dropped: str) -> None:
        number = sum(len(each.spans) for each in bundles)
        with self._changed:
            if self._done >= self._put:  # given up by `close`
                return
            self._done += number
            self._changed.notify_all()
        self.tell(number, dropped)

    def _turn(self, *, healthy: bool) -> None:
        if healthy is self.healthy:
            return
        self.healthy = healthy
        action = "export_resumed" if healthy else "export_failing"
        log.log(20 if healthy else 30, action, extra={"action": action})
