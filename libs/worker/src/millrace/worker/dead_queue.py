"""Look into the dead-letter queue of each broker without taking anything out, and send letters back."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from celery import Celery
from kombu import Exchange, Queue
from kombu.exceptions import OperationalError
from pydantic import ValidationError

from millrace.contracts import routing
from millrace.contracts.base import now
from millrace.contracts.services import WorkerClass
from millrace.worker.config import client_settings
from millrace.worker.dead_letters import DeadLetter, Why, letter_of_frame
from millrace.worker.errors import PermanentError, RetryableError
from millrace.worker.frames import read, unlisted
from millrace.worker.settings import BrokerSettings

HIDDEN_S = 30
"""On SQS, the longest that a look hides letters from others, in seconds: it lets go of them when it is done."""
_SQS_BATCH = 10
"""Most messages of one receive (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html)."""
_CONNECT_S = 5.0
KNOWN = frozenset((*routing.QUEUES, routing.UNROUTED))


class BrokerAway(RetryableError):
    """The broker does not answer."""

    code = "broker_away"


class NoWayBack(PermanentError):
    """A letter names no queue of ours to return it to."""

    code = "no_way_back"


@dataclass(frozen=True, kw_only=True)
class Held:
    """A letter with what its broker wants to hear for its removal."""

    letter: DeadLetter
    receipt: Any


class _Broker(Protocol):
    """What differs between brokers."""

    def read(self, limit: int) -> list[Held]:
        """The oldest letters, which stay where they are."""

    def remove(self, held: Held) -> None:
        """Take one out."""

    def push(self, queue: str, frame: bytes) -> None:
        """Put a message into a queue as the broker keeps it."""

    def close(self) -> None:
        """Let go of what was read."""


@dataclass(frozen=True, kw_only=True)
class DeadLetterQueue:
    """The dead-letter queue of one broker."""

    channel: Any
    broker: _Broker

    def read(self, limit: int) -> Sequence[DeadLetter]:
        """The oldest letters, which stay; SQS knows no order."""
        return [held.letter for held in self.hold(limit)]

    def hold(self, limit: int) -> Sequence[Held]:
        """The same, to be given to `send_back`."""
        return self.broker.read(limit)

    def send_back(self, held: Held) -> None:
        """Publish the message to its queue as it was, then remove the letter: who is killed in between does it twice.

        Raises NoWayBack when its queue is none of ours.
        """
        letter = held.letter
        if letter.queue not in KNOWN:
            raise NoWayBack(f"{letter.id} came from {letter.queue or 'nobody knows where'}, which is no queue of ours")
        if letter.framed:
            self.broker.push(letter.queue, letter.content)
        else:
            _publish(self.channel, letter)
        self.broker.remove(held)


@contextlib.contextmanager
def dead_letter_queue(settings: BrokerSettings) -> Iterator[DeadLetterQueue]:
    """The queue at the settings' broker, as long as the block lasts. Raises BrokerAway when that does not answer."""
    app = Celery("dead-letters", set_as_current=False)
    app.conf.update(client_settings(settings, WorkerClass.ORCHESTRATION))
    connection: Any = app.connection_for_write()
    with connection, _told_as_ours(connection):
        connection.ensure_connection(max_retries=1, timeout=_CONNECT_S)
        channel: Any = connection.channel()
        _declare(channel, routing.DEAD_LETTERS)
        broker = _BROKERS[connection.transport.driver_type](channel)
        with contextlib.closing(channel), contextlib.closing(broker):
            yield DeadLetterQueue(channel=channel, broker=broker)


@contextlib.contextmanager
def _told_as_ours(connection: Any) -> Iterator[None]:
    try:
        yield
    except (*connection.connection_errors, *connection.channel_errors, OperationalError, OSError) as error:
        # Without the address, which may hold a password.
        raise BrokerAway(f"the broker does not answer ({type(error).__name__})") from error


def _declare(channel: Any, name: str) -> None:
    Queue(name, Exchange(name, type="direct"), name, channel=channel).declare()


def _publish(channel: Any, letter: DeadLetter) -> None:
    # RabbitMQ drops what is published to a queue that does not exist.
    _declare(channel, letter.queue)
    parts = letter.parts
    properties = dict(parts["properties"])
    message = channel.prepare_message(
        letter.content, priority=properties.pop("priority", None), content_type=parts["content_type"],
        content_encoding=parts["content_encoding"], headers=parts["headers"], properties=properties,
    )  # fmt: skip
    channel.basic_publish(message, exchange="", routing_key=letter.queue)


def _ours(body: Any) -> DeadLetter | None:
    try:
        return DeadLetter.model_validate_json(body)
    except ValidationError:
        return None


class _Redis:
    """A list: the left end is the newest."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel

    def read(self, limit: int) -> list[Held]:
        with self.channel.conn_or_acquire() as client:
            frames: list[bytes] = client.lrange(routing.DEAD_LETTERS, -limit, -1)
        return [Held(letter=self._letter(frame), receipt=frame) for frame in reversed(frames)]

    def _letter(self, frame: bytes) -> DeadLetter:
        payload = unlisted(read(frame.decode("utf-8", "surrogateescape")))
        body = self.channel.Message(payload, channel=self.channel).body
        return _ours(body) or letter_of_frame(frame, payload, Why.FOREIGN, "", now())

    def remove(self, held: Held) -> None:
        with self.channel.conn_or_acquire() as client:
            client.lrem(routing.DEAD_LETTERS, -1, held.receipt)

    def push(self, queue: str, frame: bytes) -> None:
        with self.channel.conn_or_acquire() as client:
            client.lpush(queue, frame)

    def close(self) -> None:
        """Nothing was held."""


class _Sqs:
    """Looking means receiving; what was received is let go at the end."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel
        self.client: Any = channel.sqs(routing.DEAD_LETTERS)
        self.url = channel._new_queue(routing.DEAD_LETTERS)
        self.receipts: dict[str, str] = {}

    def close(self) -> None:
        for receipt in self.receipts.values():
            self.client.change_message_visibility(QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=0)

    def read(self, limit: int) -> list[Held]:
        found: dict[str, Held] = {}
        while len(found) < limit:
            messages = self._receive(min(limit - len(found), _SQS_BATCH))
            if not messages:
                break
            for message in messages:
                self.receipts[message["MessageId"]] = message["ReceiptHandle"]
                found[message["MessageId"]] = Held(letter=self._letter(message), receipt=message["MessageId"])
        return sorted(found.values(), key=lambda held: held.letter.at)

    def _receive(self, count: int) -> list[dict[str, Any]]:
        # A long poll asks every server; a short one may miss what there is.
        answer = self.client.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=count, VisibilityTimeout=HIDDEN_S, WaitTimeSeconds=1,
            MessageSystemAttributeNames=["All"],
        )  # fmt: skip
        return list(answer.get("Messages", []))

    def _letter(self, message: dict[str, Any]) -> DeadLetter:
        text = self.channel._decode_python_message_body(message["Body"]).decode("utf-8", "surrogateescape")
        payload = unlisted(read(text))
        body = self.channel.Message(payload, channel=self.channel).body
        return _ours(body) or self._moved(message, payload)

    def _moved(self, message: dict[str, Any], payload: dict[str, Any]) -> DeadLetter:
        """The letter of a message that SQS itself moved here."""
        attributes = message.get("Attributes", {})
        sent = datetime.fromtimestamp(int(attributes.get("SentTimestamp", 0)) / 1000, UTC)
        source = str(attributes.get("DeadLetterQueueSourceArn", "")).rpartition(":")[2]
        queue = source or str(payload["properties"]["delivery_info"].get("routing_key", ""))
        frame, why = message["Body"].encode(), Why.RECEIVED_TOO_OFTEN
        return letter_of_frame(frame, payload, why, queue, sent, message["MessageId"])

    def remove(self, held: Held) -> None:
        receipt = self.receipts.pop(held.receipt)
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=receipt)

    def push(self, queue: str, frame: bytes) -> None:
        self.channel.sqs(queue).send_message(QueueUrl=self.channel._new_queue(queue), MessageBody=frame.decode())


class _Amqp:
    """What is received without acknowledgement goes back to its place when the channel closes."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel

    def read(self, limit: int) -> list[Held]:
        found: list[Held] = []
        while len(found) < limit and (message := self.channel.basic_get(routing.DEAD_LETTERS)) is not None:
            message = self.channel.message_to_python(message)
            letter = _ours(message.body) or self._foreign(message)
            found.append(Held(letter=letter, receipt=message.delivery_tag))
        return found

    def _foreign(self, message: Any) -> DeadLetter:
        payload = {"headers": message.headers, "properties": message.properties, "content-type": message.content_type}
        body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
        return letter_of_frame(body, payload, Why.FOREIGN, "", now())

    def remove(self, held: Held) -> None:
        self.channel.basic_ack(held.receipt)

    def push(self, queue: str, frame: bytes) -> None:
        raise NoWayBack(f"a frame of another broker cannot go to {queue}")

    def close(self) -> None:
        """The channel lets go."""


_BROKERS: dict[str, Callable[[Any], _Broker]] = {"redis": _Redis, "sqs": _Sqs, "amqp": _Amqp}
"""By kombu's name of the transport."""
