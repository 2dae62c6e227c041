"""How old the oldest message of a queue is: read where the broker shows it, else estimated by what is known of it."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any, Protocol

from celery import Celery
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from millrace.worker.load.store import CALL_S, LoadUnavailable
from millrace.worker.signing import SENT_AT
from millrace.worker.tracing import sent_at


def oldest_s(depth: int, at: float, *, empty_at: float | None, begun: float | None, seen_at: float) -> float:
    """Seconds for which the oldest message has waited, as far as one can tell; times are in seconds of the epoch.

    `empty_at`: when the queue was last seen empty: what waits now came later. `begun`: when the youngest message that
    was begun so far had been sent: queues keep their order, so what waits was sent later. Both bound the age from above
    while no message comes back. One that does (a worker was lost, a lease ran out) was sent before younger ones were
    begun, and on SQS, which keeps the order only roughly, so may others be: they are older than what this says.
    `seen_at`: when messages were first seen waiting, for when nothing else is known: it has waited that long at least.
    """
    if depth <= 0:
        return 0.0
    known = [each for each in (empty_at, begun) if each is not None]
    return max(0.0, at - max(known, default=seen_at))


class Heads(Protocol):
    """Looks at the message that is taken next."""

    def sent(self, queue: str, at: float) -> float | None:
        """When it was sent; None when nobody can tell. LoadUnavailable when the broker does not answer."""


class NoHeads:
    """A broker that shows nothing without handing it out."""

    def sent(self, queue: str, at: float) -> float | None:
        """See `Heads`."""
        return None


class RedisHeads:
    """kombu pushes to the left end of a list and takes from the right, where it also puts back what was lost."""

    def __init__(self, client: "Redis") -> None:
        self._client = client

    def sent(self, queue: str, at: float) -> float | None:
        """See `Heads`."""
        try:
            frame: Any = self._client.lindex(queue, -1)
        except RedisError as error:
            raise LoadUnavailable(f"redis: {type(error).__name__}") from error
        return sent_of(frame, at) if frame else None


def sent_of(frame: bytes, at: float) -> float | None:
    """When a message was sent, by its frame; None when that does not say, or says what cannot be."""
    with contextlib.suppress(ValueError, RecursionError, AttributeError):
        sent = sent_at(json.loads(frame).get("headers", {}).get(SENT_AT), datetime.fromtimestamp(at, UTC))
        return sent.timestamp() if sent else None
    return None


def heads_of(app: Celery) -> Heads:
    """For the app's broker."""
    url = str(app.conf.broker_url)
    if not url.startswith(("redis://", "rediss://")):
        return NoHeads()
    return RedisHeads(
        Redis.from_url(url, socket_timeout=CALL_S, socket_connect_timeout=CALL_S, retry=Retry(NoBackoff(), 0))
    )
