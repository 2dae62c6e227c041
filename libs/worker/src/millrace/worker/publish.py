"""Publish a message to a task by its name. The only way that one service reaches another."""

from typing import Any

from celery import Celery
from celery.canvas import Signature

from millrace.contracts.base import MAX_MESSAGE_BYTES
from millrace.contracts.catalogue import TaskSpec
from millrace.contracts.messages import RunMessage
from millrace.contracts.routing import queue_for
from millrace.worker.errors import PermanentError
from millrace.worker.sending import sending


class MessageTooLarge(PermanentError):
    """A message is larger than a queue should carry; its data belongs into an artifact."""

    code = "message_too_large"


def signature(app: Celery, spec: TaskSpec[Any], message: RunMessage, task_id: str, **options: Any) -> Signature[Any]:
    """A task addressed by name, with its queue written into it and without its arguments in any log.

    `options`: more of Celery's, such as `expires`.
    """
    body = message.model_dump_json()
    if len(body) > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(f"a message to {spec.name} takes {len(body)} bytes")
    return app.signature(
        spec.name,
        kwargs={"message": message.model_dump(mode="json")},
        immutable=True,
        queue=queue_for(spec.name),
        task_id=task_id,
        argsrepr="()",
        kwargsrepr=f"({message.run_id})",
        **options,
    )


def publish(app: Celery, spec: TaskSpec[Any], message: RunMessage, task_id: str) -> None:
    """Send the message. Raises kombu's OperationalError when the broker stays away."""
    made = signature(app, spec, message, task_id)
    with sending(queue_for(spec.name), app.conf.broker_url):
        made.apply_async()
