"""What is known of the message that is being carried out here and now, for whoever wants to tell how long it took."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Handling:
    """A message at work."""

    task: str
    queue: str
    sent_at: datetime | None
    """When it was sent, or due if that was later; None for what a release sent that does not say."""
    began_at: datetime
    ready_at: datetime | None = None
    """When this process became ready for its first message."""
    retries: int = 0
    redelivered: bool = False
    """Whether it was begun before, as far as the broker tells."""
    traceparent: str | None = None
    """The span in which it is carried out; None when the run has no trace."""

    @property
    def queued_s(self) -> float:
        """How long it waited in its queue; 0 when nobody knows. Two clocks may disagree, so never less than 0."""
        return max(0.0, (self.began_at - self.sent_at).total_seconds()) if self.sent_at else 0.0


_current: ContextVar[Handling | None] = ContextVar("handling", default=None)


def current() -> Handling | None:
    """The message at work; None outside of any."""
    return _current.get()


def begin(handling: Handling) -> None:
    """A message's work begins in this thread or greenlet."""
    _current.set(handling)


def end() -> None:
    """It is over."""
    _current.set(None)
