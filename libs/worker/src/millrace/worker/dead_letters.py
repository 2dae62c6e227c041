"""Dead letters: messages that no worker can use, kept whole until a person looks and sends them back."""

import base64
import hashlib
import re
from datetime import datetime
from enum import StrEnum
from typing import Any

from celery import Celery
from celery.exceptions import Reject
from kombu.utils import json

from millrace.contracts import routing
from millrace.contracts.base import Message, Timestamp, now
from millrace.contracts.ids import ulid
from millrace.telemetry.logs import get_logger
from millrace.worker.frames import FRAME

log = get_logger(__name__)

_TASK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}\Z")
_TRANSPORTS_OWN = frozenset(
    {"delivery_info", "delivery_tag", "body_encoding", "application_headers", "content_type", "content_encoding"}
)
"""Properties that say how a message travelled, or that are kept beside the others."""


class Why(StrEnum):
    """Why a message is a dead letter."""

    UNKNOWN_TASK = "unknown_task"
    """No task of this name is registered in the worker of its queue."""
    UNREADABLE = "unreadable"
    """Its body cannot be decoded, or it is no message of the broker's library at all."""
    WRONG_CONTENT_TYPE = "wrong_content_type"
    """Its body says to be something that workers do not decode, such as a pickle."""
    UNSIGNED = "unsigned"
    """It carries no signature of ours: nothing of it was decoded."""
    BAD_SIGNATURE = "bad_signature"
    """Its signature is not one of ours, or not for this message; or its header and its body speak of different runs."""
    FOREIGN = "foreign"
    """It is no task message."""
    BAD_ARGUMENTS = "bad_arguments"
    """Its task is known, but the arguments are not those of the contract."""
    FUTURE_VERSION = "future_version"
    """It is of a release that this worker must not guess."""
    UNREADABLE_RECORD = "unreadable_record"
    """The message is fine, but leads to a record that this release cannot read."""
    RECEIVED_TOO_OFTEN = "received_too_often"
    """SQS moved it, because nobody acknowledged it."""


class DeadLetter(Message):
    """A message that was put aside, with all that is needed to send it back as it was."""

    version: int = 1
    id: str
    """Stable: the same however often the queue is looked at."""
    reason: str
    """A `Why`; a newer release may know more of them."""
    queue: str
    """Where it was found, and where it is returned to; empty when nobody knows."""
    at: Timestamp
    """When it was put aside; for a message that SQS moved, when it was sent."""
    worker: str = ""
    task: str | None = None
    original: str = "{}"
    """Its content type, encoding, headers and properties, as kombu writes JSON (which knows bytes and moments)."""
    body: str
    """Base 64 of its body; of all that the broker held, when `framed`."""
    framed: bool = False
    """Whether it goes back as the broker held it, because it was no message that could be taken apart."""

    @property
    def content(self) -> bytes:
        """Its body."""
        return base64.b64decode(self.body)

    @property
    def parts(self) -> dict[str, Any]:
        """Its `content_type`, `content_encoding`, `headers` and `properties`."""
        value: dict[str, Any] = json.loads(self.original)
        return value


def letter_of(message: Any, why: Why, queue: str, worker: str) -> DeadLetter:
    """The dead letter of a message that kombu delivered."""
    framed = FRAME in message.headers
    headers = {name: value for name, value in message.headers.items() if name != FRAME}
    if not message.errors:
        # kombu decompressed the body when it made the message.
        headers.pop("compression", None)
    return DeadLetter(
        id=f"dl_{ulid()}", reason=why, queue=queue, at=now(), worker=worker, task=task_name(headers), framed=framed,
        original=_original(message.content_type, message.content_encoding, headers, message.properties),
        body=base64.b64encode(body_bytes(message.body)).decode(),
    )  # fmt: skip


def letter_of_frame(
    frame: bytes, payload: dict[str, Any], why: Why, queue: str, at: datetime, identity: str = ""
) -> DeadLetter:
    """The dead letter of what came to the queue without us. `payload`: the frame as `frames.read` reads it."""
    headers = {name: value for name, value in payload["headers"].items() if name != FRAME}
    content_type, content_encoding = payload.get("content-type"), payload.get("content-encoding")
    return DeadLetter(
        id=f"dl_{identity or hashlib.sha256(frame).hexdigest()[:26]}", reason=why, queue=queue, at=at,
        task=task_name(headers), framed=True, body=base64.b64encode(frame).decode(),
        original=_original(content_type, content_encoding, headers, payload["properties"]),
    )  # fmt: skip


def put(app: Celery, letter: DeadLetter) -> None:
    """Publish the letter; raises what kombu and the broker raise when it does not get there."""
    # Declared, because RabbitMQ confirms a message to a queue that does not exist, and drops it.
    queue = app.amqp.queues[routing.DEAD_LETTERS]
    with app.producer_or_acquire() as producer:
        producer.publish(
            letter.model_dump(mode="json"), serializer="json", exchange="", routing_key=queue.name, declare=[queue],
            retry=True, retry_policy=app.conf.task_publish_retry_policy,
        )  # fmt: skip


def dead_letter(app: Any, request: Any, why: Why) -> None:
    """Put the message of a running task aside; it is acknowledged when the task returns.

    `app`: one of `create_app`. `request`: the task's own (`self.request`). Its body was decoded long before, so this
    one is equal and not the same, and signed anew.
    Raises Celery's Reject when the letter cannot be put, so that the message goes back to its queue.
    """
    headers = {
        "lang": "py", "task": request.task, "id": request.id, "root_id": request.root_id, "retries": request.retries,
        "parent_id": request.parent_id, "group": request.group, "group_index": request.group_index,
        "expires": request.expires, "timelimit": request.timelimit, "ignore_result": request.ignore_result,
    }  # fmt: skip
    embed = {
        "callbacks": request.callbacks,
        "errbacks": request.errbacks,
        "chain": request.chain,
        "chord": request.chord,
    }
    body = json.dumps([request.args, request.kwargs, embed]).encode()
    headers["millrace"] = app.signer.sign(headers, "application/json", body, [request.args, request.kwargs, embed])
    properties = {"correlation_id": request.correlation_id, "reply_to": request.reply_to}
    queue = (request.delivery_info or {}).get("routing_key") or ""
    letter = DeadLetter(
        id=f"dl_{ulid()}", reason=why, queue=queue, at=now(), worker=request.hostname or "", task=task_name(headers),
        original=_original("application/json", "utf-8", headers, properties), body=base64.b64encode(body).decode(),
    )  # fmt: skip
    try:
        put(app, letter)
    except Exception as error:
        raise Reject(type(error).__name__, requeue=True) from error
    tell(letter)


def tell(letter: DeadLetter) -> None:
    """One line in the log; never what is in the letter."""
    extra = {"action": "dead_lettered", "reason": letter.reason, "queue": letter.queue, "task": letter.task}
    log.warning("dead_lettered", extra=extra)


def task_name(headers: dict[str, Any]) -> str | None:
    """The task that the message says to be for; None when that cannot be a name. Others may have written it."""
    name = headers.get("task")
    return name if isinstance(name, str) and _TASK_NAME.match(name) else None


def _original(content_type: Any, content_encoding: Any, headers: Any, properties: dict[str, Any]) -> str:
    kept = {key: value for key, value in properties.items() if key not in _TRANSPORTS_OWN}
    parts = {
        "content_type": content_type, "content_encoding": content_encoding, "headers": headers, "properties": kept
    }  # fmt: skip
    return str(json.dumps(parts))


def body_bytes(body: Any) -> bytes:
    """The body of a message as the broker held it: kombu hands out text where it knows the encoding."""
    return body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body or b"")
