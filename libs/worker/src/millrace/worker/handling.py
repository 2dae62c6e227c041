"""What is known of the message that is being carried out here and now, for whoever wants to tell how long it took."""

from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic


@dataclass(frozen=True, kw_only=True)
class Handling:
    """A message at work."""

    task: str
    queue: str
    sent_at: datetime | None
    """When it was sent, or due if that was later; None for what a release sent that does not say."""
    began_at: datetime
    forked_at: datetime | None = None
    """When this process began to start."""
    ready_at: datetime | None = None
    """When it became ready for its first message."""
    retries: int = 0
    redelivered: bool = False
    """Whether it was begun before, as far as the broker tells."""
    traceparent: str | None = None
    """The span in which it is carried out; None when the run has no trace."""
    handed_on: bool = False
    """Whether its outcome was known before, and is only handed to its join once more."""
    begun: float = field(default_factory=monotonic)
    """When it was begun, by the clock that nobody sets: for how long it lasts."""

    @property
    def queued_s(self) -> float:
        """How long it waited in its queue; 0 when nobody knows. Two clocks may disagree, so never less than 0."""
        return max(0.0, (self.began_at - self.sent_at).total_seconds()) if self.sent_at else 0.0

    @property
    def lasted_s(self) -> float:
        """For how long it has been at work."""
        return monotonic() - self.begun


_current: ContextVar[Handling | None] = ContextVar("handling", default=None)


def current() -> Handling | None:
    """The message at work; None outside of any."""
    return _current.get()


def begin(handling: Handling) -> None:
    """A message's work begins in this thread or greenlet."""
    _current.set(handling)


def hand_on() -> None:
    """The outcome of the message at work is known, and only handed on."""
    work = _current.get()
    if work is not None:
        _current.set(replace(work, handed_on=True))


def end() -> None:
    """It is over."""
    _current.set(None)
