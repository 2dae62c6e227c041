"""The report of a run, and the callback that announces it."""

from typing import Any, Final, Literal

from pydantic import Field

from millrace.contracts.base import Message, Timestamp
from millrace.contracts.insights import (
    Anomaly,
    ChangePoint,
    Contacts,
    Driver,
    DuplicateCluster,
    EmergingTheme,
    Estimate,
    Forecast,
    Kpis,
    Manifest,
    Phrase,
    Quote,
    Risks,
    SegmentScore,
    ServiceLevels,
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


class ModelUse(Message):
    """A model that had a say in the report."""

    step: str
    model: str
    """Its name and version, and whatever else changes its answers."""


COST_FACT: Final = "usd"
"""Name of the fact in which the report's step tells `RunCost.usd`."""


class RunCost(Message):
    """What the run cost up to its report, estimated at list prices."""

    usd: float
    compute_s: float
    """Seconds of one core that its parts took."""
    messages: int
    """Messages that were sent for it."""
    basis: str
    """Which price list, and what is left out."""


class Alert(Message):
    """Something that asks for action today."""

    kind: str
    """`change_point`, `emerging`, `risk` or `anomaly`."""
    text: str
    metric: str


class Report(Message):
    """Everything a run found, in one artifact. `schema_version` is counted up when a field changes its meaning."""

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
    """What could not be said, and why."""
    lineage: Lineage
    alerts: tuple[Alert, ...] = Field(default=(), max_length=5)
    """What asks for action today, the most pressing first."""
    contacts: Contacts | None = None
    duplicates: tuple[DuplicateCluster, ...] = ()
    """The biggest clusters of records that say nearly the same; at most ten, each with at most ten record ids."""
    duplicate_share: Estimate | None = None
    change_points: tuple[ChangePoint, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    emerging: tuple[EmergingTheme, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    risks: Risks | None = None
    service_levels: ServiceLevels | None = None
    models: tuple[ModelUse, ...] = ()
    timings: dict[str, float] = {}
    """Seconds by step, from the begin of its first part to the end of its last."""
    cost: RunCost | None = None


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
    """The producer's own references; empty where they alone would make the body too large."""
    coverage: dict[str, float] = {}
    """Share by step, between 0 and 1."""
    gaps: tuple[Gap, ...] = ()
    headline: tuple[str, ...] = ()
    scores: dict[str, float] = {}
    """Mean by rating scale."""
    top_themes: tuple[CallbackTheme, ...] = ()
    kpis: dict[str, float] = {}
    """Digest of the scores, such as `nps`, `net_sentiment` and `csat_satisfied`."""
    alerts: tuple[Alert, ...] = Field(default=(), max_length=5)
    timings: dict[str, float] = {}
    """Seconds by stage."""
    cost_usd: float | None = None
    report_url: str | None = None
    """Opens without a key until `report_expires_at`."""
    report_expires_at: Timestamp | None = None
    report_sha256: str | None = None
    left_out: tuple[str, ...] = ()
    """Fields that are empty here because the body would have been too large; the report and the run have them."""
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
