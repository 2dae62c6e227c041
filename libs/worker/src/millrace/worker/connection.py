"""Connections to the broker that come back soon, over our own transports.

kombu waits 2 s after the first failed attempt, then 4, 6, … up to 30 s: longer than a run lasts. Here a worker whose
broker was away is back within about a second.
"""

from typing import Any

from celery.app import amqp
from kombu import Connection as KombuConnection
from kombu.transport import TRANSPORT_ALIASES

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
        **options: Any,
    ) -> Any:
        return super()._ensure_connection(errback, max_retries, interval_start, interval_step, interval_max, **options)


class AMQP(amqp.AMQP):
    """Celery's messaging with our connections: `Celery(amqp=AMQP)`."""

    Connection = Connection
