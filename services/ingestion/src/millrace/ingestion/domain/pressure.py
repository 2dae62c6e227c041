"""Whether a new run could still be worth its producer's while, by what waits in front of it."""

import math
from collections.abc import Mapping

from millrace.contracts.catalogue import ADVANCE, DELIVER, FAN_OUT
from millrace.contracts.flow import Flow
from millrace.contracts.routing import known_queue

WAITING_SHARE = 0.5
"""Of a run's deadline, what it may spend waiting; the rest is for its work, whose budgets assume idle workers."""
LONGEST_S = 60
"""The longest `Retry-After`: the estimate is a guess, so a producer should look again before long."""


def estimate_s(flow: Flow, waits: Mapping[str, float]) -> float:
    """Seconds that a run of the flow would wait, by each queue's wait.

    A stage waits for the slowest of its queues, and stages follow one another; on the way every run passes the
    orchestrator, the distributor and the callback.
    """
    stages = sum(max(_wait(step.task, waits) for step in stage.steps) for stage in flow.stages)
    return stages + sum(_wait(spec.name, waits) for spec in (ADVANCE, FAN_OUT, DELIVER))


def retry_after_s(flow: Flow, deadline_s: float, waits: Mapping[str, float]) -> int | None:
    """None when a run with this deadline may be accepted, else whole seconds after which it may be asked for again.

    Without new work, each queue's wait falls by a second a second, so what is too much is gone after as long.
    """
    excess = estimate_s(flow, waits) - WAITING_SHARE * max(deadline_s, 0)
    return math.ceil(min(excess, LONGEST_S)) if excess > 0 else None


def _wait(task: str, waits: Mapping[str, float]) -> float:
    queue = known_queue(task)
    return waits.get(queue, 0.0) if queue is not None else 0.0
