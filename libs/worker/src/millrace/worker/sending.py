"""Spans of messages on their way to the broker."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from millrace.contracts.base import now
from millrace.contracts.routing import UNROUTED, known_queue
from millrace.telemetry.table import Kind
from millrace.telemetry.tracing import Value, begin, fail, recorded, span

SYSTEMS = {"redis": "redis", "rediss": "redis", "sqs": "aws_sqs", "amqp": "rabbitmq", "amqps": "rabbitmq"}
"""OpenTelemetry's names of brokers, by the scheme of their URL
(https://opentelemetry.io/docs/specs/semconv/registry/attributes/messaging/#messaging-system)."""

_together: ContextVar[Counter[str] | None] = ContextVar("together", default=None)


def queue_of(task: str) -> str:
    """The queue of a task name."""
    return known_queue(task) or UNROUTED


def about(queue: str, broker_url: str, operation: str) -> dict[str, Value]:
    """What a span says of a message or of several, by OpenTelemetry's conventions."""
    return {
        "queue": queue, "messaging.system": SYSTEMS.get(broker_url.partition(":")[0]),
        "messaging.destination.name": queue, "messaging.operation.name": operation,
        "messaging.operation.type": operation,
    }  # fmt: skip


@contextmanager
def sending(queue: str, broker_url: str) -> Iterator[None]:
    """A message is sent in this block."""
    with span(f"send {queue}", Kind.PRODUCER, about(queue, broker_url, "send")):
        yield


@contextmanager
def sending_together(broker_url: str) -> Iterator[None]:
    """Messages are sent in this block, or at its end: one span for each queue that gets some."""
    if not recorded():
        yield
        return
    began, sent = now(), Counter[str]()
    before = _together.set(sent)
    error = ""
    try:
        yield
    except Exception as raised:
        error = type(raised).__name__
        raise
    finally:
        _together.reset(before)
        for queue, number in sorted(sent.items()):
            said = about(queue, broker_url, "send") | {"messaging.batch.message_count": number}
            made = begin(f"send {queue}", Kind.PRODUCER, said, began=began)
            if error:
                fail(made, error)
            made.end()


def count(task: str) -> None:
    """A message to this task is published."""
    together = _together.get()
    if together is not None:
        together[queue_of(task)] += 1
