"""The messages between services. One in, one out; references and ids only."""

from typing import Any

from pydantic import Field

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.base import Message, Timestamp
from millrace.contracts.ids import Name, RunId, TenantId


class RunMessage(Message):
    """What every message of a run carries."""

    version: int = 1
    tenant: TenantId
    run_id: RunId
    attempt: int = Field(default=1, ge=1)
    """1 for the first execution of the run; a redrive counts up."""
    traceparent: str | None = None
    """W3C trace context of the span that this message is a part of: of the run's attempt, or of its stage."""


class Advance(RunMessage):
    """`orchestration.advance`: look at the run and do what is next.

    `stage` names the join that this message speaks for; None starts the run.
    """

    stage: Name | None = None


class FanOut(RunMessage):
    """`distribution.fan_out`: publish a stage's parts as one chord."""

    stage: Name
    only: tuple[str, ...] | None = None
    """Part ids to publish again; None publishes the whole stage."""


class Cancel(RunMessage):
    """`orchestration.cancel`: end the run's attempt now, unless it has ended."""

    reason: str = ""
    """In the words of whoever asked; of older releases only. It is personal, and in the run record now."""


FROM_FAILED = "failed"
"""As the start of a redrive: whatever failed or is missing."""


class Redrive(RunMessage):
    """`orchestration.redrive`: run an ended run again. `attempt` is the ended one, so that a repeat is nothing."""

    start: str = FROM_FAILED
    """`failed`, or the name of a stage or step that is to run again whatever it delivered."""


class Slice(Message):
    """A range of rows of a mapped step's artifact: what is left of a chunk that was divided."""

    chunk: int = Field(ge=0)
    """Position of the artifact among those that the step is mapped over."""
    start: int = Field(ge=0)
    stop: int = Field(ge=1)
    """Row after the last one."""

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.stop - self.start


class PartMessage(RunMessage):
    """One part of a step: what one worker does at one time."""

    stage: Name
    step: Name
    part: int = Field(ge=0)
    parts: int = Field(ge=1)
    deadline_at: Timestamp
    """When the run's budget ends."""
    stage_deadline_at: Timestamp
    """When this part's outcome is no longer waited for; later than the stage's own deadline for a required step."""
    allowance_s: float = Field(gt=0)
    """The share of the stage's budget that this part may use, in seconds: its siblings wait behind it."""
    published_at: Timestamp
    inputs: dict[str, tuple[ArtifactRef, ...]] = {}
    params: dict[str, Any] = {}
    """The step's settings from the flow: small, no data."""
    mapped: str | None = None
    """The input that the step is mapped over."""
    slice: Slice | None = None
    """The rows of the mapped input that this part is about; None for all."""
    dispatch_queued_s: float = Field(default=0.0, ge=0)
    """How long the message waited in its queue that had this one published."""
    patience: int = Field(default=3, ge=1)
    """How often this part may be begun without an end before it is quarantined: it kills its workers."""


class Deliver(RunMessage):
    """`callback.deliver`: try to deliver the run's callback once."""

    event_id: str
    delivery: int = Field(default=1, ge=1)
    """Number of this delivery attempt."""


class Probe(RunMessage):
    """`callback.probe`: send a test event to an endpoint, once.

    It belongs to no run: `run_id` is one that nobody has, because every message carries one.
    """

    endpoint_id: str
    event_id: str


def part_id(step: str, part: int) -> str:
    """The name of a part within its stage, such as `annotate.3`."""
    return f"{step}.{part}"
