"""Spans of one process go out together with the span that they began under, or not at all.

A process that is killed at work so leaves no half of a message's spans behind, and no span without its parent. The
first of them is to end last: what has not ended by then, for whatever has stopped it, is given up.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakMethod

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from millrace.telemetry.fates import Tell

MOST_IN_SUBTREE: Final = 1000
MOST_OPEN: Final = 20_000
"""Spans of all subtrees that are not over; more of them than work can be under way."""


@dataclass
class _Subtree:
    ids: list[int] = field(default_factory=list)
    ended: list[ReadableSpan] = field(default_factory=list)


class Subtrees(SpanProcessor):
    """Holds spans until the one has ended that is the first below a remote parent; then hands them on at once."""

    def __init__(self, put: Callable[[Sequence[ReadableSpan]], None], tell: Tell) -> None:
        self._hand_on, self._tell = put, tell
        self._renew()
        renew = WeakMethod(self._renew)
        os.register_at_fork(after_in_child=lambda: (found := renew()) and found())

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[int, _Subtree] = {}
        # Counted when they were given up; no second time when they end after all.
        self._unfinished: deque[int] = deque(maxlen=MOST_IN_SUBTREE)

    @property
    def open(self) -> int:
        """Spans of subtrees that are not over."""
        return len(self._of)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """See `SpanProcessor`."""
        parent, own = span.parent, span.get_span_context().span_id
        with self._lock:
            begins = parent is None or parent.is_remote
            subtree = _Subtree() if parent is None or begins else self._of.get(parent.span_id)
            if subtree is None or len(subtree.ids) >= MOST_IN_SUBTREE or len(self._of) >= MOST_OPEN:
                return
            subtree.ids.append(own)
            self._of[own] = subtree

    def on_end(self, span: ReadableSpan) -> None:
        """See `SpanProcessor`. What had no place when it began has none now, and nor has what began under it."""
        context = span.get_span_context()
        assert context is not None  # noqa: S101 - the tracer gives one to every span
        with self._lock:
            subtree = self._of.get(context.span_id)
            known = subtree is not None or context.span_id in self._unfinished
            if subtree is not None:
                subtree.ended.append(span)
                if context.span_id != subtree.ids[0]:
                    return
                left = self._forget(subtree)
        if subtree is None:
            if not known:
                self._tell(1, "no_place")
            return
        if left:
            self._tell(left, "unfinished")
        self._hand_on(subtree.ended)

    def _forget(self, subtree: _Subtree) -> int:
        """Of its spans those that have not ended are given up: how many."""
        ended = {each.context.span_id for each in subtree.ended if each.context}
        left = [each for each in subtree.ids if each not in ended]
        self._unfinished.extend(left)
        for each in subtree.ids:
            del self._of[each]
        return len(left)
