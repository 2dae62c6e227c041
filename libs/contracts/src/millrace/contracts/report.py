"""The report of a run, and the callback that announces it."""

from typing import Any, Literal

from pydantic import Field

from millrace.contracts.base import Message, Timestamp
from millrace.contracts.insights import (
    Driver,
    Estimate,
    Kpis,
    Manifest,
    Phrase,
    Quote,
    SegmentScore,
    SetAsideRecords,
    Theme,
    Topic,
    Trend,
)
from millrace.contracts.outcome import Coverage
from millrace.contracts.run import Gap, RunStatus, StepContext


class Finding(Message):
    """One headline in plain words, with the number behind it."""

    text: str
    metric: str
    """Dotted path into the report, such as `themes.fit.impact`."""
    estimate: Estimate | None = None
    n: int
    evidence: tuple[str, ...] = ()
    """Record ids."""


class Lineage(Message):
    """From what and by what the report was made."""

    batch_sha256: str
    flow: str
    flow_version: int
    steps: tuple[StepContext, ...]


class Report(Message):
    """Everything a run found, in one artifact."""

    schema_version: int = 1
    run_id: str
    tenant: str
    accepted_at: Timestamp
    records: int
    coverage: dict[str, Coverage]
    """By step: how many of its records or units were really looked at."""
    gaps: tuple[Gap, ...] = ()
    set_aside: tuple[SetAsideRecords, ...] = ()
    """Records that steps did without, by step."""
    headline: tuple[Finding, ...] = Field(default=(), max_length=5)
    kpis: Kpis | None = None
    sentiment: Estimate | None = None
    themes: tuple[Theme, ...] = ()
    topics: tuple[Topic, ...] = ()
    drivers: tuple[Driver, ...] = ()
    drivers_explained: float | None = None
    segments: tuple[SegmentScore, ...] = ()
    trends: tuple[Trend, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    summary: tuple[Quote, ...] = ()
    data_quality: tuple[Manifest, ...] = ()
    notes: tuple[str, ...] = ()
    lineage: Lineage


class CallbackTheme(Message):
    """A theme as the callback tells it."""

    id: str
    label: str
    records: int
    impact: float | None = None


class CallbackData(Message):
    """What the consumer needs to decide whether to fetch the report."""

    run_id: str
    tenant: str
    status: RunStatus
    attempt: int
    records: int
    reason: str = ""
    metadata: dict[str, str] = {}
    coverage: dict[str, float] = {}
    """Share by step, between 0 and 1."""
    gaps: tuple[Gap, ...] = ()
    headline: tuple[str, ...] = ()
    scores: dict[str, float] = {}
    """Mean by rating scale."""
    top_themes: tuple[CallbackTheme, ...] = ()
    report_url: str | None = None
    report_sha256: str | None = None
    accepted_at: Timestamp
    ended_at: Timestamp
    seconds: float


class CallbackBody(Message):
    """The body of the signed POST (Standard Webhooks 1.0.0)."""

    type: Literal["insight.completed", "insight.partial", "insight.failed", "insight.cancelled", "insight.amended"]
    timestamp: Timestamp
    data: CallbackData


def callback_type(status: RunStatus) -> Any:
    """The event type of a terminal state."""
    return f"insight.{status.value}"
