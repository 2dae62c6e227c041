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
    last: RunView | None = None
    interval = SHORTEST_S
    fault: Unavailable | None = None
    while (left := end - clock()) > 0 or (last is None and fault is None):
        asked: float | None = None
        try:
            run, asked = look(left)
        except Unavailable as error:
            fault, asked = error, error.retry_after_s
        else:
            fault = None
            if run != last:
                last, interval = run, SHORTEST_S
                on_change(run)
            if done(run):
                return run
        if fault is None and changes(end - clock()):
            continue
        pause(min(max(interval, asked or 0.0), max(end - clock(), 0.0)))
        interval = min(interval * GROWTH, LONGEST_S)
    raise WaitTimeout(run_id, timeout, last) from fault
