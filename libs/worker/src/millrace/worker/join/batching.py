"""Publish a chord in one round trip: what Celery sends one by one goes out together, where the transport can do that.

kombu 5.7 batches what one producer publishes (`Producer.batch`), on Redis as one pipeline; other transports publish at
once as ever. Celery's `chord` hands no producer on to its header, so the app offers one to whoever asks in the block.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from celery import Celery
from kombu import exceptions

from millrace.worker.sending import sending_together
from millrace.worker.signing import Signer

_producer: ContextVar[Any] = ContextVar("producer", default=None)


@contextmanager
def _offered(producer: Any) -> Iterator[None]:
    before = _producer.set(producer)
    try:
        yield
    finally:
        _producer.reset(before)


# The stubs of kombu leave out what is new, those of celery the producers.
_exceptions: Any = exceptions
_Celery: Any = Celery


class BatchingCelery(_Celery):  # type: ignore[misc]
    """Celery with batches, and with what its messages are signed with."""

    signer: Signer

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Send what is published in this block when it ends; OperationalError when it is not known what went out."""
        try:
            with (
                self.producer_pool.acquire(block=True) as producer,
                sending_together(self.conf.broker_url),
                producer.batch(),
                _offered(producer),
            ):
                yield
        except _exceptions.BatchPublishError as error:
            raise exceptions.OperationalError("it is not known which messages went out") from error

    def producer_or_acquire(self, producer: Any = None) -> Any:
        """The producer that is given, the block's, or one of the pool's."""
        return super().producer_or_acquire(producer or _producer.get())
