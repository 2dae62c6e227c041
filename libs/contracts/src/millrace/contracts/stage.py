"""A stage in the run record: its steps, their parts, and how each of them ended."""

from typing import Any

from pydantic import Field

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.base import Message, Timestamp
from millrace.contracts.ids import Name
from millrace.contracts.messages import Slice
from millrace.contracts.outcome import Coverage, OutcomeStatus, Reason


class PartRecord(Message):
    """One part's end, without its artifacts."""

    part: int
    status: OutcomeStatus
    reason: Reason | None = None
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    worker: str = ""
    deliveries: int = 1
    retries: int = 0
    published_at: Timestamp | None = None
    """This and what follows as in `Timings`."""
    sent_at: Timestamp | None = None
    forked_at: Timestamp | None = None
    ready_at: Timestamp | None = None
    dispatch_queued_s: float = 0.0
    read_s: float = 0.0
    write_s: float = 0.0
    cpu_s: float = 0.0


class Tried(Message):
    """The end of a part that came to nothing and was sent again."""

    step: Name
    part: PartRecord


class StepRecord(Message):
    """One step of a stage: what its parts delivered."""

    name: Name
    task: str
    task_version: int
    required: bool
    planned: int
    """Number of parts; 0 when the step was skipped before dispatch. Parts that a division added are counted."""
    needed: int | None = None
    """How many parts have to succeed before the stage waits for no others; None for all."""
    best_effort: bool = False
    """Whatever is there at the deadline is good."""
    input_hash: str = ""
    """Digest of what decides its parts' outputs: task, code version, inputs and params."""
    slices: tuple[Slice, ...] = ()
    """Rows of the parts that divisions added, in the order of their numbers; they are the last of `planned`."""
    divided: tuple[int, ...] = ()
    """Numbers of the parts that were divided: others do their work."""
    reused_from: int | None = None
    """The attempt that did the work, when this one did not have to."""
    status: OutcomeStatus | None = None
    """None while the stage runs."""
    reason: Reason | None = None
    parts: tuple[PartRecord, ...] = ()
    artifacts: dict[str, tuple[ArtifactRef, ...]] = {}
    coverage: Coverage | None = None
    facts: dict[str, Any] = {}


class StageRecord(Message):
    """One stage of a run, from dispatch to join."""

    name: Name
    started_at: Timestamp
    deadline_at: Timestamp
    dispatches: int = Field(default=1, ge=1)
    """How often its parts were published; the sweep counts up."""
    joined_at: Timestamp | None = None
    queued_s: float = 0.0
    """How long the message that began the stage waited in its queue; 0 where the join before it began it."""
    join_queued_s: float = 0.0
    """How long the message that had it joined waited in its queue."""
    steps: tuple[StepRecord, ...] = ()
    tried: tuple[Tried, ...] = ()
    """Of the parts that were sent again though they had ended, the first of them."""
