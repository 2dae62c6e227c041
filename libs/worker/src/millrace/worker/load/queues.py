"""What there is to say of each queue: how many wait, how many are held, by how many slots, and since when they wait."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from millrace.worker.load.oldest import Heads, oldest_s
from millrace.worker.load.store import LoadStore
from millrace.worker.load.waits import Depths


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """A queue at one moment."""

    depth: int
    """Messages that no worker has taken."""
    in_flight: int
    """Messages that live workers hold, at work or about to be."""
    slots: int
    """Messages that live workers can work on at a time."""
    oldest_s: float
    """Seconds for which the oldest message has waited; 0 for none. On Redis exact, elsewhere an estimate, which is too
    low for a message that came back (`oldest`)."""


@dataclass(kw_only=True)
class Look:
    """Looks at queues, again and again."""

    depths: Depths
    store: LoadStore
    heads: Heads
    clock: Callable[[], float] = time.time
    _seen: dict[str, float] = field(default_factory=dict)
    """Queue → since when it is seen to have messages."""

    def at(self, queues: Sequence[str]) -> Mapping[str, QueueState]:
        """Their states; LoadUnavailable when the broker or the store does not answer."""
        waiting, slots, held = self.depths.of(queues), self.store.slots(), self.store.held()
        at = self.clock()
        self.store.empty([queue for queue in queues if not waiting[queue]], at)
        empty, begun = self.store.emptied(queues), self.store.begun(queues)
        states = {}
        for queue in queues:
            seen_at = self._seen_at(queue, waiting[queue], at)
            age = oldest_s(waiting[queue], at, empty_at=empty.get(queue), begun=begun.get(queue), seen_at=seen_at)
            states[queue] = QueueState(
                depth=waiting[queue], in_flight=held.get(queue, 0), slots=slots.get(queue, 0),
                oldest_s=self._exact(queue, at, age) if waiting[queue] else 0.0,
            )  # fmt: skip
        return states

    def _seen_at(self, queue: str, depth: int, at: float) -> float:
        if not depth:
            self._seen.pop(queue, None)
        return self._seen.setdefault(queue, at) if depth else at

    def _exact(self, queue: str, at: float, bound: float) -> float:
        sent = self.heads.sent(queue, at)
        return bound if sent is None else max(0.0, at - sent)
