"""Call something again and again from a worker's own loop, as long as it consumes.

celery 5.7's timer for gevent hands out the greenlet of a repetition's first call; cancelling that one later ends
nothing, and each reconnect would leave one more repetition behind. So only single calls are asked for here, and
whether it goes on is asked before each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery import bootsteps


@dataclass(kw_only=True)
class Repeating:
    """A call that is repeated by a consumer's timer. It must not raise: in a timer that looks like a lost broker."""

    timer: Any
    """`consumer.timer`."""
    every_s: float
    call: Callable[[], float | None]
    """May say in how many seconds it is to be called next; None for `every_s`."""
    going: bool = True

    def start(self) -> None:
        """The first call is in `every_s` seconds."""
        self.timer.call_after(self.every_s, self.now)

    def stop(self) -> None:
        """There are no more calls."""
        self.going = False

    def now(self) -> None:
        """Call it, and again later, unless it was stopped."""
        if not self.going:
            return
        wait_s = None
        try:
            wait_s = self.call()
        finally:
            # Not before: with gevent a slow call would run beside the next one.
            self.timer.call_after(self.every_s if wait_s is None else wait_s, self.now)


def repeating_step(
    step: str, every_s: float, call: Callable[[Any], None], *, at_once: bool = False
) -> type[bootsteps.StartStopStep]:
    """A bootstep that calls this with the consumer every so many seconds; `at_once`: first when the consumer starts.

    `step`: its name; Celery tells steps apart by it.
    """

    class Step(bootsteps.StartStopStep):
        name = step
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, parent: Any, **kwargs: Any) -> None:
            self.repeating: Repeating | None = None
            super().__init__(parent, **kwargs)

        def start(self, consumer: Any) -> None:
            if at_once:
                call(consumer)
            self.repeating = Repeating(timer=consumer.timer, every_s=every_s, call=partial(call, consumer))
            self.repeating.start()

        def stop(self, consumer: Any) -> None:
            if self.repeating is not None:
                self.repeating.stop()

    return Step
