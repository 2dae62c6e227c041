"""What a scenario is: a fault, runs that meet it, and the ends that they may come to."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.chaos.world import World

ENDS_WELL = frozenset({"completed", "partial"})
LATE = "failed late"
"""It failed, and its budget was over by then."""
ENDS_LATE = ENDS_WELL | {LATE}
ENDS = frozenset({"completed", "partial", "failed"})
ALL = ("redis", "sqs", "amqp")
FAULTS = {
    "F1": "SIGKILL at named crash points and at random",
    "F2": "a child that the system kills for its memory, and one that kills each worker it meets",
    "F3": "SIGSTOP and SIGCONT: a worker that was thought dead goes on",
    "F4": "the broker is killed and started again",
    "F5": "Redis is killed, started again, flushed in each stage",
    "F6": "messages are delivered twice",
    "F7": "messages are late and out of order; a service sleeps",
    "F8": "poison: bad JSON, unknown tasks, wrong arguments",
    "F9": "bodies and messages that are too large",
    "F10": "throttles and 5xx of S3, DynamoDB, KMS and SQS",
    "F11": "done, but the caller saw a timeout",
    "F12": "consumers that hang, drip, reset, redirect, flood and lie",
    "F13": "connections that are slow, black-holed, one-way or reset",
    "F14": "a clock that is wrong",
    "F15": "a disk that is full",
    "F16": "messages of an older and of a newer release",
    "F17": "SIGTERM under load",
}
"""The fault matrix."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One way to break the stack."""

    name: str
    fault: str
    play: Callable[[World, Random, int], None]
    """Submits so many runs and breaks things meanwhile; `World.hit` says that it did."""
    runs: int = 4
    ends: frozenset[str] = ENDS_WELL
    within_s: float = 45.0
    """How long after the fault is healed every run has to have ended and its consumer to be told."""
    brokers: tuple[str, ...] = ALL
    drawn: bool = True
    """Whether it is played without being asked for by name."""
    needs: Callable[[], str] = lambda: ""
    """Why it cannot be played on this machine; empty when it can."""
