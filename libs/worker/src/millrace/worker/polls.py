"""When the broker last answered this worker, which is what its health rests on.

The transports tell, because only they see an answer: a message, "nothing", and also the reply to a lease's renewal,
since a worker whose slots are all taken asks for no messages. RabbitMQ pushes messages and says nothing in between, so
it is asked (`Asker`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_QUEUE_DECLARE = (50, 10)
_TYPES = "BsbbbbbF"
"""Class and method of `queue.declare`, and the types of its arguments. https://www.rabbitmq.com/amqp-0-9-1-reference#queue.declare"""


@dataclass(kw_only=True)
class Polls:
    """Of one process. Times are of the monotonic clock, in seconds."""

    clock: Callable[[], float] = time.monotonic
    answered_at: float | None = None
    _trying: list[Callable[[], None]] = field(default_factory=list)

    def answered(self) -> None:
        """The broker answered just now."""
        self.answered_at = self.clock()

    @property
    def age_s(self) -> float | None:
        """Seconds since its last answer; None before the first."""
        return None if self.answered_at is None else self.clock() - self.answered_at

    def while_trying(self, call: Callable[[], None]) -> None:
        """Have this called between two attempts to reach a broker, when the worker's loop does not turn."""
        self._trying.append(call)

    def trying(self) -> None:
        """An attempt to reach the broker failed; another one follows."""
        for call in self._trying:
            call()


polls = Polls()
"""Of this process."""


class Asker:
    """Asks RabbitMQ whether the consumer's queue is there, without waiting: whatever comes in is an answer.

    A blocking question would hold up the loop for as long as the broker is silent, and gevent's loop reads the same
    socket. py-amqp 5 drops a `declare-ok` that nobody waits for (`AbstractChannel.dispatch_method`).
    """

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self._seen: int | None = None

    def __call__(self) -> None:
        """Note what came in since the last call, and ask again."""
        tasks = self._consumer.task_consumer
        channel = tasks.channel if tasks is not None else None
        if channel is None or channel.connection is None:
            return
        came: int = channel.connection.bytes_recv
        if self._seen is not None and came != self._seen:
            polls.answered()
        self._seen = came
        try:
            passive: tuple[Any, ...] = (0, tasks.queues[0].name, True, False, False, False, False, {})
            channel.send_method(_QUEUE_DECLARE, _TYPES, passive)
        except self._consumer.connection_errors:
            # The loop meets the same error and connects anew; this is only the answer that does not come.
            self._seen = None


def declares(broker_url: str) -> bool:
    """Whether a consumer begins with questions that were answered by the time it consumes: not over SQS, whose queues
    are there already.
    """
    return broker_url.partition("://")[0] != "sqs"


def asker_for(broker_url: str) -> type[Asker] | None:
    """What asks this broker; None when its transport is told something each second anyway."""
    return Asker if broker_url.partition("://")[0] in ("amqp", "amqps", "pyamqp") else None
