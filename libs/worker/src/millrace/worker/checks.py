"""Look at a task message before Celery trusts it: its headers, its shape, its version and its contract."""

from typing import Any

from celery.exceptions import InvalidTaskError
from pydantic import ValidationError

from millrace.contracts import catalogue
from millrace.contracts.base import Message
from millrace.contracts.messages import PartMessage, RunMessage
from millrace.worker.dead_letters import Why
from millrace.worker.signing import agrees

VERSION: int = RunMessage.model_fields["version"].default
"""The newest version of a message that this release reads; it must not guess what a newer one means."""

_MODELS: dict[str, type[RunMessage]] = {
    **{spec.name: PartMessage for spec in catalogue.PARTS},
    **{spec.name: spec.input for spec in catalogue.CONTROL if issubclass(spec.input, RunMessage)},
}


class Unusable(InvalidTaskError):
    """A message to a known task that cannot be given to it; `why` is the reason."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class _Headers(Message):
    """Of Celery's message protocol 2 what a worker believes unseen (`celery.worker.request.Request`)."""

    id: str
    task: str
    retries: int | None = None
    timelimit: tuple[float | None, float | None] | None = None
    eta: str | None = None
    expires: str | None = None


def check(message: Any) -> None:
    """Raise Unusable for what is no message of its task.

    Kombu's DecodeError and ContentDisallowed are for who calls: Celery meets the same when it decodes the body.
    """
    try:
        headers = _Headers.model_validate(message.headers)
    except ValidationError:
        raise Unusable(Why.FOREIGN) from None
    match message.payload:
        case [list() as args, dict() as kwargs, dict() | None]:
            _check_contract(headers.task, args, kwargs)
        case _:
            raise Unusable(Why.FOREIGN)
    if not agrees(message.headers, message.payload):
        raise Unusable(Why.BAD_SIGNATURE)


def _check_contract(task: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    model = _MODELS.get(task)
    if model is None:
        return
    if args or kwargs.keys() != {"message"} or not isinstance(kwargs["message"], dict):
        raise Unusable(Why.BAD_ARGUMENTS)
    version = kwargs["message"].get("version", VERSION)
    if isinstance(version, int) and version > VERSION:
        raise Unusable(Why.FUTURE_VERSION)
    try:
        model.model_validate(kwargs["message"])
    except ValidationError:
        # Without its cause: the cause quotes the message.
        raise Unusable(Why.BAD_ARGUMENTS) from None
