"""What every message has in common."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

MAX_MESSAGE_BYTES = 16 * 1024
"""Upper bound of one queue message's payload: a message carries references and ids, never data."""


class Message(BaseModel):
    """A frozen record that crosses a process boundary.

    Unknown fields are ignored, so that release N-1 reads what release N+1 wrote. Validators are built when they are
    first used: no process uses all of them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time must carry its zone")
    return value.astimezone(UTC)


Timestamp = Annotated[datetime, AfterValidator(_aware)]
"""A moment with a zone, kept in UTC."""


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)
