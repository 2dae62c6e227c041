"""The suite's own way into the broker: take messages out, change them, put them back; and see what is left."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from amqp.exceptions import NotFound
from kombu import Connection
from redis import Redis

from millrace.contracts.services import WorkerClass
from millrace.worker.app import create_app
from millrace.worker.dead_queue import dead_letter_queue
from millrace.worker.join.store import MemoryJoins
from millrace.worker.settings import WorkerSettings
from millrace.worker.signing import HEADER


@dataclass(frozen=True, kw_only=True)
class Raw:
    """A message as it lay in its queue."""

    body: bytes | str
    headers: dict[str, Any]
    content_type: str = "application/json"
    content_encoding: str = "utf-8"
    properties: dict[str, Any] = field(default_factory=dict)


class Broker:
    """A connection of the suite to the broker itself, past every proxy."""

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        queues = environment.get("MILLRACE_SQS_QUEUE_URL", "")
        if url.startswith("sqs"):
            queues = f"http://{url.rpartition('@')[2]}/{queues.rstrip('/').rpartition('/')[2]}/"
        settings = WorkerSettings(
            broker_url=url, sqs_queue_url=queues, aws_region=environment["MILLRACE_AWS_REGION"],
            visibility_s=int(environment["MILLRACE_VISIBILITY_S"]),
            message_secret=environment["MILLRACE_MESSAGE_SECRET"],
        )  # fmt: skip
        self.url, self.settings = url, settings
        self.app = create_app("chaos", settings, WorkerClass.DISTRIBUTION, MemoryJoins())

    def dead(self) -> list[str]:
        """Why each dead letter is one."""
        with dead_letter_queue(self.settings) as queue:
            return [str(letter.reason) for letter in queue.read(1000)]

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with self.app.connection_for_write() as connection:
            yield connection

    def take(self, queue: str, count: int) -> list[Raw]:
        """Up to so many messages out of the queue, for good."""
        taken = list[Raw]()
        with self._connected() as connection, connection.channel() as channel:
            bound = self.app.amqp.queues[queue].bind(channel)
            while len(taken) < count and (message := bound.get(no_ack=False)) is not None:
                message.ack()
                taken.append(_raw(message))
        return taken

    def put(self, queue: str, message: Raw, signed: bool = True) -> None:
        """A message into the queue, with a delivery tag of its own.

        Signed as whoever published it would have signed it, another release included: what it holds is the fault, not
        who sent it. Without `signed` it is a stranger's.
        """
        headers = {name: value for name, value in message.headers.items() if name != HEADER}
        if signed:
            headers[HEADER] = self.app.signer.sign(headers, message.content_type, message.body, _decoded(message))
        with self._connected() as connection, connection.Producer() as producer:
            producer.publish(
                message.body, exchange="", routing_key=queue, declare=[self.app.amqp.queues[queue]],
                headers=headers, content_type=message.content_type, content_encoding=message.content_encoding,
                **message.properties,
            )  # fmt: skip

    def left(self) -> dict[str, int]:
        """Messages in each queue, with those that are on their way where the broker tells it."""
        queues = [name for name in self.app.amqp.queues if name != "dead-letters"]
        if self.url.startswith("redis"):
            with Redis.from_url(self.url) as client:
                return {name: int(client.llen(name)) for name in queues} | {"unacked": int(client.hlen("unacked"))}
        with self._connected() as connection:
            return {name: _depth(connection, name) for name in queues}


def _depth(connection: Connection, name: str) -> int:
    channel: Any = connection.channel()
    if hasattr(channel, "sqs"):
        wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = channel._resolve_queue_url(name)
        found = channel.sqs(queue=name).get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
        return sum(int(found[each]) for each in wanted)
    try:
        return int(channel.queue_declare(name, passive=True).message_count)
    except NotFound:
        # Nobody has declared it yet, so nothing is in it.
        return 0


def _raw(message: Any) -> Raw:
    wanted = ("correlation_id", "reply_to", "priority")
    properties = {name: value for name, value in message.properties.items() if name in wanted and value is not None}
    return Raw(
        body=message.body, headers=dict(message.headers), content_type=message.content_type,
        content_encoding=message.content_encoding, properties=properties,
    )  # fmt: skip


def _decoded(message: Raw) -> Any:
    try:
        return json.loads(message.body)
    except ValueError:
        return None


def payload(message: Raw) -> dict[str, Any]:
    """The task's message in a Celery envelope."""
    return dict(json.loads(message.body)[1]["message"])


def with_payload(message: Raw, changed: dict[str, Any]) -> Raw:
    """The same envelope around another task message."""
    envelope = json.loads(message.body)
    envelope[1]["message"] = changed
    return replace(message, body=json.dumps(envelope))


def envelope(task: str, arguments: dict[str, Any], mark: str) -> Raw:
    """A Celery message (protocol 2) to a task by name; `mark` becomes part of its task id."""
    identity = f"{mark}:{uuid.uuid4()}"
    headers = {"lang": "py", "task": task, "id": identity, "root_id": identity, "parent_id": None, "argsrepr": "()"}
    body = [[], arguments, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    return Raw(body=json.dumps(body), headers=headers | {"kwargsrepr": "()"}, properties={"correlation_id": identity})
