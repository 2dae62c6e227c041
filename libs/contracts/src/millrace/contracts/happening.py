"""What happens to a run: its states, its gaps and its events."""

from enum import StrEnum

from millrace.contracts.base import Message, Timestamp
from millrace.contracts.outcome import Coverage


class RunStatus(StrEnum):
    """Where a run is. The last four are terminal and never change."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether the run has ended."""
        return self not in (RunStatus.ACCEPTED, RunStatus.RUNNING)


class Gap(Message):
    """A step that is missing from the result, and what it costs the reader."""

    step: str
    reason: str
    effect: str = ""


class EventType(StrEnum):
    """What may happen to a run."""

    ACCEPTED = "run.accepted"
    REDRIVEN = "run.redriven"
    """A new attempt began: somebody asked for it, or late results are sent as an amendment."""
    RECOVERED = "run.recovered"
    """The attempt went back to an earlier stage, because artifacts were lost."""
    STAGE_STARTED = "stage.started"
    STAGE_JOINED = "stage.joined"
    ENDED = "run.ended"
    """The attempt has its terminal state."""
    DELIVERED = "callback.delivered"
    GIVEN_UP = "callback.given_up"


class StepEnd(Message):
    """How a step of a joined stage ended."""

    name: str
    status: str
    """An outcome's status."""
    reason: str = ""
    """The reason's code, such as `soft_time_limit`."""
    parts: int = 0
    """How many of its parts have ended."""
    coverage: Coverage | None = None
    reused_from: int | None = None
    """The attempt that did the work, when this one did not have to."""


class RunEvent(Message):
    """Something that has happened to a run. Never changes; what does not apply to its type is left out."""

    id: str
    """Its place among the run's events: attempt, recoveries and number, with dots between them."""
    type: EventType
    at: Timestamp | None = None
    """When; None where the record does not tell."""
    attempt: int
    records: int | None = None
    stage: str = ""
    steps: tuple[StepEnd, ...] = ()
    gaps: tuple[Gap, ...] = ()
    status: RunStatus | None = None
    """How the attempt ended."""
    reason: str = ""
    """Why it failed or was cancelled."""
    deliveries: int = 0
    """How often the callback was tried."""
    last_status: int | None = None
    """The HTTP status of the last try."""
