"""The run record: the truth about one run, and what others may see of it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.base import Message, Timestamp
from millrace.contracts.happening import Gap as Gap
from millrace.contracts.happening import RunEvent as RunEvent
from millrace.contracts.happening import RunStatus as RunStatus
from millrace.contracts.ids import RunId, TenantId
from millrace.contracts.messages import FROM_FAILED
from millrace.contracts.outcome import Coverage, OutcomeStatus
from millrace.contracts.stage import PartRecord as PartRecord
from millrace.contracts.stage import StageRecord as StageRecord
from millrace.contracts.stage import StepRecord as StepRecord
from millrace.contracts.stage import Tried as Tried
from millrace.contracts.tracing import flagged, run_context, sampled, stage_context

TIDY_AFTER = timedelta(seconds=60)
"""How long after its end an untidy run is looked through for objects that nobody refers to: by then no part of it can
be writing any more.
"""


class CallbackStatus(StrEnum):
    """Where the callback is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    SUPERSEDED = "superseded"
    """A newer attempt's callback goes out in its place."""


class CallbackRecord(Message):
    """The signed POST that ends a run."""

    url: str
    event_id: str
    endpoint_id: str = ""
    """The URL's endpoint; empty in what releases wrote that knew no endpoints."""
    status: CallbackStatus = CallbackStatus.PENDING
    deliveries: int = 0
    """Attempts made."""
    replayed_after: int | None = None
    """How many of them came before somebody last asked for it again; None when nobody did."""
    replayed_at: Timestamp | None = None
    """When that was; None in what releases wrote that kept no time."""
    last_error: str = ""
    last_status: int | None = None
    delivered_at: Timestamp | None = None
    began_at: Timestamp | None = None
    """When the last delivery began to be sent."""
    queued_s: float = 0.0
    """How long its message waited in its queue."""
    answer_s: float = 0.0
    """How long the consumer took to answer it, or to be given up."""


class AttemptRecord(Message):
    """An attempt that has ended. Never changes."""

    attempt: int
    status: RunStatus
    began_at: Timestamp
    ended_at: Timestamp
    reason: str = ""
    gaps: tuple[Gap, ...] = ()
    report: ArtifactRef | None = None
    callback: CallbackRecord | None = None


class Ask(Message):
    """What somebody has asked of a run. It stands in the record until it is done, whatever becomes of messages."""

    what: Literal["cancel", "redrive"]
    attempt: int
    """The attempt to end, or the ended one that a new attempt comes after."""
    at: Timestamp
    reason: str = Field(default="", repr=False)
    """Of a cancel, in the words of whoever asked."""
    start: str = FROM_FAILED
    """Of a redrive, what is to run again."""


class RunRecord(Message):
    """Everything that is needed to carry a run on after any crash.

    Every change is a conditional write on `revision`.
    """

    schema_version: int = 1
    tenant: TenantId
    run_id: RunId
    revision: int = 0
    flow: str
    flow_version: int
    status: RunStatus = RunStatus.ACCEPTED
    attempt: int = 1
    accepted_at: Timestamp
    deadline_at: Timestamp
    due_at: Timestamp | None
    """When the sweep takes the run over; None when nothing is left to do."""
    batch: ArtifactRef
    records: int = Field(ge=0)
    metadata: dict[str, str] = {}
    """The producer's own references; stored, returned, never looked at."""
    stages: tuple[StageRecord, ...] = ()
    gaps: tuple[Gap, ...] = ()
    coverage: Coverage | None = None
    report: ArtifactRef | None = None
    reason: str = ""
    """Why the run failed or was cancelled."""
    ended_at: Timestamp | None = None
    callback: CallbackRecord | None = None
    traceparent: str | None = None
    """W3C trace context of the request that was accepted."""
    kept_at: Timestamp | None = None
    """When it turned out that the run is worth a trace; None when chance chose it, or nothing did. See `untold`."""
    received_at: Timestamp | None = None
    """When that request came in; None in what releases wrote that kept no time of it."""
    start_sent_at: Timestamp | None = None
    """When ingestion sent the message that began the run; None where the sweep began it."""
    began_at: Timestamp | None = None
    """When this attempt began; None for the first, which began when the run was accepted."""
    history: tuple[AttemptRecord, ...] = ()
    """The attempts before this one, oldest first."""
    reusable: tuple[StepRecord, ...] = ()
    """Ends of steps, from before a redrive or a loss, that stand where nothing they depend on has changed."""
    recoveries: int = 0
    """How often this attempt went back to an earlier stage because artifacts were lost."""
    recovered_at: Timestamp | None = None
    """When it did so last."""
    kept: int = 0
    """How many of its stages are from before that; what happened to them is among `told`."""
    told: tuple[RunEvent, ...] = ()
    """What happened before the attempt, or before it last went back: the record holds no stages of that time."""
    tidy_at: Timestamp | None = None
    """When objects that nobody refers to are looked for; None when none can have been left behind."""
    asked: Ask | None = None
    """The last thing, done or not; see `pending`."""

    @property
    def pending(self) -> Ask | None:
        """What was asked of this attempt and is not carried out yet."""
        asked = self.asked
        if asked is None or asked.attempt != self.attempt or (asked.what == "cancel") is self.status.terminal:
            return None
        return asked

    def asking(self, asked: Ask) -> "RunRecord":
        """The record with this asked of it, and due at once."""
        changed = self.model_copy(update={"asked": asked})
        return changed.model_copy(update={"due_at": changed.due(self.due_at)})

    def due(self, at: datetime | None) -> datetime | None:
        """When to look at the record that would else be looked at then: no later than something was asked of it."""
        pending = self.pending
        if pending is None:
            return at
        return pending.at if at is None else min(at, pending.at)

    @property
    def untold(self) -> bool:
        """Whether the ended attempt's trace is still to be told: it turned out to be worth one after its end."""
        return bool(self.status.terminal and self.ended_at and self.kept_at and self.kept_at > self.ended_at)

    def worth_a_trace(self, at: datetime | None) -> "RunRecord":
        """The record with its trace recorded from now on; as it is when it has none, or is recorded already."""
        recorded = None if sampled(self.traceparent) else flagged(self.traceparent, True)
        return self.model_copy(update={"traceparent": recorded, "kept_at": at}) if recorded else self

    @property
    def head(self) -> dict[str, Any]:
        """What every message of this attempt begins with (`RunMessage`)."""
        return {"tenant": self.tenant, "run_id": self.run_id, "attempt": self.attempt, "traceparent": self.span}

    @property
    def span(self) -> str | None:
        """W3C trace context of the span of this attempt; None when the run has no trace."""
        return run_context(self.traceparent, self.run_id, self.attempt)

    def span_of(self, stage: StageRecord) -> str | None:
        """W3C trace context of the span of a stage of this attempt that began since it last went back."""
        return stage_context(self.traceparent, self.run_id, self.attempt, self.recoveries, stage.name)

    def place_of(self, stage: str) -> str | None:
        """W3C trace context that a message about the stage of this name is a part of: of the stage's span, or of the
        attempt's where the stage is from before the attempt last went back and had its span then.
        """
        mine = next((each for each in self.stages[self.kept :] if each.name == stage), None)
        return self.span if mine is None else self.span_of(mine)

    @property
    def since(self) -> datetime:
        """When this attempt began."""
        return self.began_at or self.accepted_at

    @property
    def stage(self) -> StageRecord | None:
        """The stage that was dispatched last."""
        return self.stages[-1] if self.stages else None


class StepContext(Message):
    """A step's end, as the report tells it."""

    stage: str
    step: str
    status: OutcomeStatus
    parts: int
    coverage: Coverage | None = None
    seconds: float = 0.0
    """From the begin of its first part to the end of its last."""
    busy_s: float = 0.0
    """Seconds that all of its parts took together."""
    objects: int = 0
    """Artifacts that it wrote to the object store."""
    facts: dict[str, Any] = {}


class RunContext(Message):
    """What the report step is told of its run: small, no data."""

    run_id: RunId
    tenant: TenantId
    flow: str
    flow_version: int
    attempt: int
    records: int
    accepted_at: Timestamp
    batch_sha256: str
    gaps: tuple[Gap, ...] = ()
    steps: tuple[StepContext, ...] = ()
