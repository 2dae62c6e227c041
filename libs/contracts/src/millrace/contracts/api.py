"""What the HTTP API takes and answers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from millrace.contracts.base import Message, Timestamp
from millrace.contracts.outcome import Coverage
from millrace.contracts.records import Record
from millrace.contracts.run import CallbackStatus, Gap, RunRecord, RunStatus, StageRecord, StepRecord


class RunRequest(BaseModel):
    """The JSON body of `POST /v1/runs`. Unknown fields are refused: a misspelt option must not be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flow: str = "customer-feedback"
    records: tuple[Record, ...] = Field(min_length=1)
    callback_url: str | None = None
    metadata: dict[str, str] = Field(default={}, max_length=32)
    deadline_s: float | None = Field(default=None, gt=0, le=300)


class ColumnMapping(Message):
    """How a file's columns became fields of the record."""

    fields: dict[str, str]
    """Record field → column header; `text` → `Review Text`."""
    attrs: tuple[str, ...] = ()
    """Columns kept as attributes."""
    ignored: tuple[str, ...] = ()
    scale: str | None = None
    """The rating scale, guessed from the header and the values."""
    encoding: str = "utf-8"
    delimiter: str = ","
    guessed: bool = True


class SetAside(Message):
    """A row that could not be used."""

    row: int
    """1 for the first row after the header; for JSON the position in the list, from 1."""
    field: str = ""
    reason: str


class Accepted(Message):
    """The answer to an accepted batch (202)."""

    run_id: str
    status: RunStatus
    records: int
    deadline_at: Timestamp
    mapping: ColumnMapping | None = None
    set_aside: tuple[SetAside, ...] = ()
    """At most 20 rows; `set_aside_total` counts all."""
    set_aside_total: int = 0
    links: dict[str, str]
    """`self` and `report`, relative to the API's root."""


class Problem(Message):
    """An error (RFC 9457)."""

    type: str
    """`urn:millrace:problem:<code>`, a stable machine key."""
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    errors: tuple[SetAside, ...] = ()
    """The rows and fields at fault; at most 20."""


class StepView(Message):
    """A step as its producer sees it."""

    name: str
    task: str
    required: bool
    status: str
    """An outcome's status, or `running`."""
    parts: int
    parts_done: int
    coverage: Coverage | None = None
    reason: str = ""
    facts: dict[str, Any] = {}


class StageView(Message):
    """A stage as its producer sees it."""

    name: str
    status: Literal["pending", "running", "joined"]
    started_at: Timestamp | None = None
    joined_at: Timestamp | None = None
    steps: tuple[StepView, ...] = ()


class CallbackView(Message):
    """The callback as its producer sees it."""

    event_id: str
    status: CallbackStatus
    deliveries: int
    last_status: int | None = None
    delivered_at: Timestamp | None = None


class RunView(Message):
    """The answer of `GET /v1/runs/{id}`."""

    run_id: str
    flow: str
    status: RunStatus
    attempt: int
    records: int
    accepted_at: Timestamp
    deadline_at: Timestamp
    ended_at: Timestamp | None
    seconds: float | None
    """From acceptance to the end; None while the run is active."""
    stages: tuple[StageView, ...]
    gaps: tuple[Gap, ...] = ()
    reason: str = ""
    metadata: dict[str, str] = {}
    callback: CallbackView | None = None
    links: dict[str, str]


class RunPage(Message):
    """The answer of `GET /v1/runs`: newest first."""

    runs: tuple[RunView, ...]
    cursor: str | None = None
    """Pass it as `?cursor=` for the next page; None at the end."""


class FlowStep(Message):
    """A step of a flow as its producer sees it."""

    name: str
    task: str
    join: Literal["required", "optional"]


class FlowStage(Message):
    """A stage of a flow, with its share of the deadline in seconds."""

    name: str
    budget_s: float
    steps: tuple[FlowStep, ...]


class FlowView(Message):
    """A flow as its producer sees it."""

    name: str
    version: int
    title: str = ""
    deadline_s: float
    stages: tuple[FlowStage, ...]


class FlowList(Message):
    """The answer of `GET /v1/flows`."""

    flows: tuple[FlowView, ...]


def _step_view(step: StepRecord, joined: bool) -> StepView:
    status = step.status.value if step.status else ("skipped" if joined else "running")
    return StepView(
        name=step.name, task=step.task, required=step.required, status=status, parts=step.planned,
        parts_done=len(step.parts), coverage=step.coverage, reason=step.reason.code if step.reason else "",
        facts=step.facts,
    )  # fmt: skip


def _stage_view(stage: StageRecord) -> StageView:
    joined = stage.joined_at is not None
    return StageView(
        name=stage.name, status="joined" if joined else "running", started_at=stage.started_at,
        joined_at=stage.joined_at, steps=tuple(_step_view(step, joined) for step in stage.steps),
    )  # fmt: skip


def _callback_view(record: RunRecord) -> CallbackView | None:
    callback = record.callback
    if callback is None:
        return None
    return CallbackView(
        event_id=callback.event_id, status=callback.status, deliveries=callback.deliveries,
        last_status=callback.last_status, delivered_at=callback.delivered_at,
    )  # fmt: skip


def run_view(record: RunRecord, pending: tuple[str, ...] = ()) -> RunView:
    """The record as its producer may see it; `pending` names the stages still to come."""
    seconds = (record.ended_at - record.accepted_at).total_seconds() if record.ended_at else None
    links = {"self": f"/v1/runs/{record.run_id}"}
    if record.report is not None:
        links["report"] = f"/v1/runs/{record.run_id}/report"
    stages = (*map(_stage_view, record.stages), *(StageView(name=name, status="pending") for name in pending))
    return RunView(
        run_id=record.run_id, flow=record.flow, status=record.status, attempt=record.attempt, records=record.records,
        accepted_at=record.accepted_at, deadline_at=record.deadline_at, ended_at=record.ended_at, seconds=seconds,
        stages=stages, gaps=record.gaps, reason=record.reason, metadata=record.metadata,
        callback=_callback_view(record), links=links,
    )  # fmt: skip
