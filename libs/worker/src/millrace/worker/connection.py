"""Connections to the broker that come back soon, over our own transports.

kombu waits 2 s after the first failed attempt, then 4, 6, … up to 30 s: longer than a run lasts. Here a worker whose
broker was away is back within about a second.
"""

from functools import partial
from typing import Any

from celery.app import amqp
from kombu import Connection as KombuConnection
from kombu import pools
from kombu.transport import TRANSPORT_ALIASES

from millrace.worker.polls import polls
from millrace.worker.signing import Producer

_TRANSPORTS = {
    "redis": "millrace.worker.redis_broker:Transport",
    "rediss": "millrace.worker.redis_broker:Transport",
    "sqs": "millrace.worker.sqs:Transport",
}
"""By name, not imported: the one for SQS brings botocore, which other brokers have no use for."""

FIRST_WAIT_S = 0.1
MORE_WAIT_S = 0.2
LONGEST_WAIT_S = 1.0

# The stubs of kombu leave out what is private.
_Connection: Any = KombuConnection


def use_our_transports() -> None:
    """Let kombu find them by the scheme of a URL, in pools too, which make connections of a class of their own."""
    TRANSPORT_ALIASES.update(_TRANSPORTS)


class Connection(_Connection):  # type: ignore[misc]
    """A worker's connection."""

    def _ensure_connection(
        self,
        errback: Any = None,
        max_retries: int | None = None,
        interval_start: float = FIRST_WAIT_S,
        interval_step: float = MORE_WAIT_S,
        interval_max: float = LONGEST_WAIT_S,
        callback: Any = None,
        **options: Any,
    ) -> Any:
        def between() -> None:
            polls.trying()
            if callback is not None:
                callback()

        return super()._ensure_connection(
            errback, max_retries, interval_start, interval_step, interval_max, between, **options
        )


# The stubs of celery leave out what is private.
_AMQP: Any = amqp.AMQP


class AMQP(_AMQP):  # type: ignore[misc]
    """Celery's messaging with our connections, and with producers that sign: `Celery(amqp=AMQP)` with a `signer`."""

    Connection = Connection

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.Producer: Any = partial(Producer, signer=app.signer)

    _producer_pool: Any = None

    @property
    def producer_pool(self) -> Any:
        """A pool of our own: kombu's is shared by every app of the process at the same broker, whatever its secret."""
        if self._producer_pool is None:
            connections: Any = pools.connections[self.app.connection_for_write()]
            self._producer_pool = pools.ProducerPool(connections, limit=self.app.pool.limit, Producer=self.Producer)
        return self._producer_pool
