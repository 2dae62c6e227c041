"""Outcomes: what a part reports. Never an exception."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.base import Message, Timestamp

INPUT_LOST = "input_lost"
"""Reason of a part whose input is no longer there: what made it has to run again."""
QUARANTINED = "quarantined"
"""Reason of a part that is not run any more, because it killed its workers."""
SET_ASIDE = "set_aside"
"""Reason of a quarantined part of one row; also the output under which it names that row's record."""


class OutcomeStatus(StrEnum):
    """How a part ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    TIMED_OUT = "timed_out"


class Reason(Message):
    """Why a part did not succeed, in words that hold no personal data."""

    code: str
    """Machine key in snake case, such as `soft_time_limit` or `bad_input`."""
    detail: str = ""
    retryable: bool = False


class Timings(Message):
    """When a part was published, begun and done; and what it spent on the store, in seconds."""

    published_at: Timestamp | None = None
    started_at: Timestamp
    ended_at: Timestamp
    sent_at: Timestamp | None = None
    """When the message that was carried out was sent: later than `published_at` when it is a retry's."""
    forked_at: Timestamp | None = None
    """When the process that did the work began to start."""
    ready_at: Timestamp | None = None
    """When it became ready for its first message."""
    dispatch_queued_s: float = Field(default=0.0, ge=0)
    """How long the message waited in its queue that had this part published."""
    read_s: float = Field(default=0.0, ge=0)
    write_s: float = Field(default=0.0, ge=0)
    cpu_s: float = Field(default=0.0, ge=0)


class Coverage(Message):
    """The share of records that a result really looked at."""

    seen: int = Field(ge=0)
    total: int = Field(ge=0)

    @property
    def share(self) -> float:
        """Seen through total, between 0 and 1; 1 where there was nothing to see."""
        return self.seen / self.total if self.total else 1.0

    def __add__(self, other: "Coverage") -> "Coverage":
        return Coverage(seen=self.seen + other.seen, total=self.total + other.total)


class Outcome(Message):
    """What one part reports into its stage's join."""

    step: str
    part: int = Field(ge=0)
    status: OutcomeStatus
    reason: Reason | None = None
    artifacts: dict[str, tuple[ArtifactRef, ...]] = {}
    """By output name; a mapped step's parts are concatenated in the order of their number."""
    coverage: Coverage | None = None
    facts: dict[str, Any] = {}
    """Small counts for the run record (rows, models, tier): no data, nothing personal."""
    timings: Timings | None = None
    worker: str = ""
    deliveries: int = Field(default=1, ge=1)
    """How often this part was begun, as far as its worker knows."""
    retries: int = Field(default=0, ge=0)
    """How often the worker itself had tried it again by then."""
    traceparent: str | None = None
    """The span in which it was carried out, so that what joins it can link to it."""
    urgent: bool = False
    """The stage should be looked at now, whatever its other parts do."""
    void: bool = False
    """Not to be kept: this copy of the message came too late, another may not."""

    @property
    def ok(self) -> bool:
        """Whether the part's artifacts may be used."""
        return self.status is OutcomeStatus.SUCCEEDED
