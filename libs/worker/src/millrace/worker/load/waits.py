"""How long a new message would wait in each queue, by what waits there already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from celery import Celery
from kombu.exceptions import ChannelError

from millrace.worker.load.store import LoadStore, LoadUnavailable

PRIOR_S = 0.05
"""Seconds per message of a queue that was never measured."""


class Depths(Protocol):
    """How many messages wait."""

    def of(self, queues: Sequence[str]) -> Mapping[str, int]:
        """Messages by queue that no worker has taken yet; LoadUnavailable when the broker does not say."""


@dataclass
class BrokerDepths:
    """Asks the broker: LLEN on Redis, GetQueueAttributes on SQS, a passive declaration on RabbitMQ.

    For one thread at a time. Its connection is made when it is first used, and anew after a fault.
    """

    app: Celery
    _connection: Any = None
    _channel: Any = None

    def of(self, queues: Sequence[str]) -> Mapping[str, int]:
        """See `Depths`."""
        try:
            return {queue: self._depth(queue) for queue in queues}
        except Exception as error:
            # Each transport has errors of its own: amqp's, redis's, botocore's, the socket's.
            self.close()
            raise LoadUnavailable(f"broker: {type(error).__name__}") from error

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.release()
        self._connection = self._channel = None

    def _depth(self, queue: str) -> int:
        if self._connection is None:
            self._connection = self.app.connection_for_read()
        if self._channel is None:
            # Kept: on SQS each channel makes a boto client per queue, 0.3 s the first time.
            self._channel = self._connection.channel()
        try:
            return int(self._channel.queue_declare(queue, passive=True).message_count)
        except ChannelError:
            # There is no such queue: nobody has published to it yet, or, on Redis, it is empty. RabbitMQ closes the
            # channel over it and amqp opens it again.
            return 0


def wait_s(depth: int, seconds: float, slots: int) -> float:
    """Seconds until a message that joins the queue is begun: the work before it, shared by those who do it.

    A queue without a live worker counts as one with a single slot. Its first runs are still worth accepting: they get
    a partial result, or the worker comes back; what breaks the budget is the backlog.
    """
    return depth * seconds / max(slots, 1)


def waits(depths: Depths, store: LoadStore, queues: Sequence[str]) -> dict[str, float]:
    """Seconds that a new message would wait, by queue; LoadUnavailable when nobody can tell."""
    waiting = depths.of(queues)
    slots, seconds = store.slots(), store.seconds(queues)
    return {queue: wait_s(waiting[queue], seconds.get(queue, PRIOR_S), slots.get(queue, 0)) for queue in queues}
