"""Waiting for a run to end: by looking at it whenever it changes, or again and again."""

import time
from collections.abc import Callable

from millrace.client.errors import Unavailable, WaitTimeout
from millrace.contracts.api import RunView
from millrace.contracts.run import RunStatus

SHORTEST_S = 0.1
LONGEST_S = 0.5
GROWTH = 1.5
"""Factor of the pause while nothing changes; a change brings back the shortest."""

ENDED_BADLY = (RunStatus.FAILED, RunStatus.CANCELLED)
"""Ends without a result."""

Look = Callable[[float], tuple[RunView, float | None]]
"""Given the seconds that are left: the run, and the pause that the API asks for."""


def ended(run: RunView) -> bool:
    """Whether the run has reached its terminal state and no redrive is at work."""
    return run.status.terminal and not run.redriving


def wait(
    run_id: str,
    look: Look,
    timeout: float,
    *,
    on_change: Callable[[RunView], None],
    done: Callable[[RunView], bool] = ended,
    changes: Callable[[float], bool] = lambda left: False,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> RunView:
    """The run as soon as `done` says so; WaitTimeout after `timeout` seconds. An API that is away is waited for.

    `changes`: given the seconds that are left, waits for the run's next change; false where nobody tells of changes,
    and then the run is looked at again and again.
    """
    end = clock() + timeout
    seen = _Seen(look, on_change)
    while (left := end - clock()) > 0 or not seen.anything:
        run = seen.now(left)
        if run is not None and done(run):
            return run
        if run is None or not changes(end - clock()):
            pause(min(seen.rest(), max(end - clock(), 0.0)))
    raise WaitTimeout(run_id, timeout, seen.last) from seen.fault


class _Seen:
    """What the looks at a run have shown so far."""

    def __init__(self, look: Look, on_change: Callable[[RunView], None]) -> None:
        self._look, self._on_change = look, on_change
        self._interval, self._asked = SHORTEST_S, 0.0
        self.last: RunView | None = None
        self.fault: Unavailable | None = None
        """Why the last look saw nothing."""

    @property
    def anything(self) -> bool:
        """Whether a look has come to an end."""
        return self.last is not None or self.fault is not None

    def now(self, left: float) -> RunView | None:
        """Look once; None when the API is away."""
        try:
            run, asked = self._look(left)
        except Unavailable as error:
            self.fault, self._asked = error, error.retry_after_s or 0.0
            return None
        self.fault, self._asked = None, asked or 0.0
        if run != self.last:
            self.last, self._interval = run, SHORTEST_S
            self._on_change(run)
        return run

    def rest(self) -> float:
        """Seconds until the next look."""
        rest = max(self._interval, self._asked)
        self._interval = min(self._interval * GROWTH, LONGEST_S)
        return rest
