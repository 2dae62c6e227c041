"""Keep hold of the messages that this worker is working on: renew their leases while they may still be of use.

SQS and Redis deliver a message again when it is not acknowledged within the visibility timeout. A short timeout brings
back the work of a dead worker soon, and would run a long task twice. So the timeout is short and this step renews what
the worker still holds, until the task's hard limit: a child that is stuck beyond it loses its message. RabbitMQ ties
messages to the connection and needs none of this. Figures and alternatives: `docs/decisions/0008-leases.md`.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from celery import bootsteps
from celery.worker import state

from millrace.telemetry.logs import get_logger
from millrace.worker.polls import polls
from millrace.worker.redis_broker import server_time
from millrace.worker.repeating import repeating_step

log = get_logger(__name__)

# The stubs of celery leave out the scheduled ones.
_state: Any = state

RENEW_AFTER = 1 / 3
"""Share of the visibility timeout after which a lease is renewed: two renewals may fail before it is lost."""
LOOK_EVERY = 1 / 12
"""Share of it between two looks at what is held. A look that finds nothing due asks nobody."""
_BATCH = 10
"""SQS takes so many messages in one ChangeMessageVisibilityBatch."""

Renew = Callable[[Any, list[Any], int], list[Any]]
"""Renews requests over the consumer's channel for so many seconds; returns those that need not be tried again soon."""


@dataclass(kw_only=True)
class Held:
    """What is known of one message, in seconds of the monotonic clock."""

    since: float
    """When its task started; until then when it was received, or when it is to start at the earliest."""
    renewed: float
    started: bool = False
    given_up: bool = False


@dataclass(kw_only=True)
class Leases:
    """Which leases are due, and when they were renewed."""

    visibility_s: int
    renew: Renew
    clock: Callable[[], float] = time.monotonic
    held: WeakKeyDictionary[Any, Held] = field(default_factory=WeakKeyDictionary)

    def look(self, channel: Any, requests: Iterable[Any]) -> None:
        """Renew what is due. What cannot be renewed is logged, and tried again at the next look."""
        due = [request for request in requests if self._is_due(request)]
        if not due:
            return
        try:
            renewed = self.renew(channel, due, self.visibility_s)
        except Exception as error:
            # Whatever it is: raised in a timer, an error of the connection would end the worker's loop.
            log.warning("lease_not_renewed", extra={"action": "lease_not_renewed", "error": type(error).__name__})
            return
        polls.answered()
        for request in renewed:
            self.held[request].renewed = self.clock()

    def _is_due(self, request: Any) -> bool:
        now = self.clock()
        held = self.held.setdefault(request, Held(since=now + _seconds_until(request.eta), renewed=now))
        if request.time_start is not None and not held.started:
            held.started, held.since = True, now
        limit = request.time_limits[0] or request.task.time_limit
        if limit is not None and now - held.since > limit:
            self._give_up(request, held)
            return False
        return not request.acknowledged and now - held.renewed >= self.visibility_s * RENEW_AFTER

    def _give_up(self, request: Any, held: Held) -> None:
        if not held.given_up:
            held.given_up = True
            log.warning("lease_given_up", extra={"action": "lease_given_up", "task": request.name})


def _seconds_until(eta: datetime | None) -> float:
    return 0.0 if eta is None else max(0.0, (eta - datetime.now(UTC)).total_seconds())


def renew_on_redis(channel: Any, requests: list[Any], visibility_s: int) -> list[Any]:
    """Move the messages to the end of the index from which kombu restores; those that left it stay away."""
    # A client of its own connection: the channel's own one waits in BRPOP.
    with channel.conn_or_acquire() as client:
        now = server_time(client)
        client.zadd(channel.unacked_index_key, {request.message.delivery_tag: now for request in requests}, xx=True)
    return requests


def renew_on_sqs(channel: Any, requests: list[Any], visibility_s: int) -> list[Any]:
    """Ask for the messages' visibility again, ten a call. One that SQS no longer counts as ours is let go."""
    renewed = []
    for start in range(0, len(requests), _BATCH):
        batch = requests[start : start + _BATCH]
        url = batch[0].message.delivery_info["sqs_queue"]
        entries = [
            {"Id": str(number), "ReceiptHandle": request.message.delivery_tag, "VisibilityTimeout": visibility_s}
            for number, request in enumerate(batch)
        ]
        answer = channel.lease_client().change_message_visibility_batch(QueueUrl=url, Entries=entries)
        again = {failed["Id"] for failed in answer.get("Failed", ()) if not failed["SenderFault"]}
        renewed += [request for number, request in enumerate(batch) if str(number) not in again]
    return renewed


_RENEW: dict[str, Renew] = {"redis": renew_on_redis, "rediss": renew_on_redis, "sqs": renew_on_sqs}


def lease_step(broker_url: str, visibility_s: int) -> type[bootsteps.StartStopStep] | None:
    """The consumer's step for this broker; None when the broker needs none. A worker consumes one queue."""
    renew = _RENEW.get(broker_url.partition("://")[0])
    if renew is None:
        return None
    leases = Leases(visibility_s=visibility_s, renew=renew)

    def look(consumer: Any) -> None:
        # Both are sets of weak references that other greenlets change.
        requests = {*tuple(_state.reserved_requests), *tuple(_state.scheduled_requests)}
        leases.look(consumer.task_consumer.channel, requests)

    return repeating_step(f"{__name__}.lease", visibility_s * LOOK_EVERY, look)
