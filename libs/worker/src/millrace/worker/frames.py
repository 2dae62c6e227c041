"""Let a worker outlive what its broker hands it, however broken.

On Redis and SQS kombu keeps a message as JSON of a fixed shape and believes what it finds. Anything else raises inside
the event loop, and the worker ends: on Redis the message is gone with it (https://github.com/celery/celery/issues/1113),
on SQS it is there again for the next worker (https://github.com/celery/kombu/issues/2421). Here such bytes become the
body of a message that kombu can deliver, so that the consumer can put them aside.
"""

import base64
import binascii
import uuid
from typing import Any

from kombu import compression
from kombu.utils import json

FRAME = "millrace-frame"
"""Header of a message that stands for one that could not be read: its body is what the broker held, as it was."""

_ENCODINGS = (None, "", "utf-8", "base64")


def read(text: str) -> Any:
    """A message as kombu keeps it; one that stands for the text where the text is no such message.

    A list is left as it is: kombu's Redis transport keeps unacknowledged messages in lists of its own.
    """
    try:
        text.encode()
        value = json.loads(text)
    except Exception:  # whatever is wrong with it, and kombu's decoders of types may raise anything
        return framed(text)
    if isinstance(value, list):
        return _Listed(value, text)
    return value if readable(value) else framed(text)


class _Listed(list[Any]):
    """A list with the text that it was read from."""

    def __init__(self, values: list[Any], text: str) -> None:
        super().__init__(values)
        self.text = text


def unlisted(value: Any) -> dict[str, Any]:
    """What `read` found, where a list is no message either."""
    return framed(value.text) if isinstance(value, _Listed) else value


def readable(payload: Any) -> bool:
    """Whether kombu can make a message of it without raising."""
    if not isinstance(payload, dict):
        return False
    properties, headers, body = payload.get("properties"), payload.get("headers"), payload.get("body")
    if not (isinstance(properties, dict) and isinstance(headers, dict) and isinstance(body, str)):
        return False
    texts = (payload.get("content-type"), payload.get("content-encoding"))
    return (
        all(text is None or isinstance(text, str) for text in texts)
        and isinstance(properties.get("delivery_tag"), str)
        and isinstance(properties.get("delivery_info"), dict)
        and _decodes(body, properties.get("body_encoding"))
    )


def _decodes(body: str, encoding: Any) -> bool:
    if encoding not in _ENCODINGS:
        return False
    try:
        if encoding == "base64":
            base64.b64decode(body)
    except (binascii.Error, ValueError):
        return False
    return True


def framed(text: str) -> dict[str, Any]:
    """A message of which the text is the body. Text from bytes that are no UTF-8 has them as surrogates (PEP 383)."""
    return {
        "body": base64.b64encode(text.encode("utf-8", "surrogateescape")).decode(),
        "content-type": "application/data",
        "content-encoding": "binary",
        "headers": {FRAME: True},
        "properties": {"body_encoding": "base64", "delivery_tag": str(uuid.uuid4()), "delivery_info": {}},
    }


def at_home(payload: dict[str, Any], queue: str) -> dict[str, Any]:
    """The message with a way back to the queue where it was found, whatever it says: kombu returns it by that."""
    info = payload["properties"]["delivery_info"]
    if info.get("routing_key") != queue or info.get("exchange") not in ("", queue):
        info.update(exchange="", routing_key=queue)
    return payload


def inflate_nothing() -> None:
    """Have kombu take a compressed body for an unreadable one: it inflates before anybody can ask who signed it.

    No message of ours is compressed.
    """
    # The stubs of kombu leave out what is private.
    kept: Any = compression
    kept._decoders.clear()


def outlive_broken_messages(transport: str) -> None:
    """Patch kombu's transport of this name (`redis`, `sqs`) once; AMQP brokers keep messages in frames of their own."""
    if transport == "redis":
        _patch_redis()
    elif transport == "sqs":
        _patch_sqs()


def _text(data: bytes | str) -> str:
    return data if isinstance(data, str) else bytes(data).decode("utf-8", "surrogateescape")


def _patch_redis() -> None:
    from kombu.transport import redis

    # The stubs of kombu leave out what is private.
    module: Any = redis
    if module.loads is read:
        return
    original = module.Transport._deliver

    def deliver(self: Any, message: Any, queue: str) -> None:
        original(self, at_home(unlisted(message), queue), queue)

    module.loads, module.bytes_to_str = read, _text
    module.Transport._deliver = deliver


def _patch_sqs() -> None:
    # Imported here: the transport brings botocore, which other brokers have no use for.
    from kombu.transport import SQS

    channel: Any = SQS.Channel
    original = channel._message_to_python
    if getattr(original, "outlives", False):
        return

    def to_python(self: Any, message: Any, queue_name: str, q_url: str) -> Any:
        try:
            payload = original(self, message, queue_name, q_url)
            fine = readable(payload)
        except Exception:  # the original trusts the types of what it finds
            fine = False
        if not fine:
            payload = framed(message["Body"])
            payload["properties"]["delivery_tag"] = message["ReceiptHandle"]
            payload["properties"]["delivery_info"] = {"sqs_message": message, "sqs_queue": q_url}
        return at_home(payload, queue_name)

    to_python.outlives = True  # type: ignore[attr-defined]
    channel._message_to_python = to_python
