"""What the HTTP API takes and answers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from millrace.contracts.base import Message, Timestamp
from millrace.contracts.messages import FROM_FAILED
from millrace.contracts.outcome import Coverage
from millrace.contracts.records import Record
from millrace.contracts.run import CallbackStatus, Gap, RunStatus


class RunRequest(BaseModel):
    """The JSON body of `POST /v1/runs`. Unknown fields are refused: a misspelt option must not be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flow: str = "customer-feedback"
    records: tuple[Record, ...]
    callback_url: str | None = None
    metadata: dict[str, str] = Field(default={}, max_length=32)
    deadline_s: float | None = Field(default=None, gt=0, le=300)


class CancelRequest(BaseModel):
    """The JSON body of `POST /v1/runs/{id}/cancel`; none is as good as an empty one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(default="", max_length=200)
    """In the words of whoever asks; shown with the run, and told to its consumer."""


class RedriveRequest(BaseModel):
    """The JSON body of `POST /v1/runs/{id}/redrive`; none is as good as an empty one."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    start: str = Field(default=FROM_FAILED, alias="from", max_length=63)
    """`failed`, or the stage or step that is to run again whatever it delivered. The field's name is `from`."""


class Asked(Message):
    """The answer to a cancel or a redrive (202): it is written down, will be done, and shows in the run when it is."""

    run_id: str
    attempt: int
    """The attempt to cancel, or the ended one that a redrive comes after: the new one has the next number."""
    asked: Literal["cancel", "redrive"]
    links: dict[str, str]
    """`self`, relative to the API's root."""


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
    format: str = ""
    """What the file was read as: `csv`, `tsv`, `xlsx`, `parquet`, `eml`, `mbox`, `text` or `pdf`."""
    preset: str = ""
    """The known export that the columns were recognised as, such as `zendesk_tickets`; empty for none."""
    also_text: tuple[str, ...] = ()
    """A survey's further columns of free text: joined to the text, a paragraph each."""
    sheets: tuple[str, ...] = ()
    """The sheets of a workbook that were read; they have the same columns."""
    sheets_left: tuple[str, ...] = ()
    """The sheets that were not."""
    notes: tuple[str, ...] = ()
    """What was guessed or left out, in words: the encoding, the order of day and month, attachments."""


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
    """`self`, `report` and `events`, relative to the API's root."""


class Problem(Message):
    """An error (RFC 9457)."""

    type: str
    """`urn:millrace:problem:<code>`, a stable machine key."""
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    request_id: str = ""
    """An extension (RFC 9457, 3.2): the answer's `Request-Id`, to be quoted when something is wrong."""
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
    reused_from: int | None = None
    """The attempt that did the work, when a later one did not have to."""


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
    endpoint_id: str = ""
    status: CallbackStatus
    deliveries: int
    last_status: int | None = None
    last_error: str = ""
    """What went wrong with the last attempt, as a machine key; empty when nothing did."""
    delivered_at: Timestamp | None = None


class AttemptView(Message):
    """An attempt of a run as its producer sees it. One that has ended never changes, but for its callback."""

    number: int
    status: RunStatus
    began_at: Timestamp
    ended_at: Timestamp | None = None
    reason: str = ""
    gaps: tuple[Gap, ...] = ()
    report: str | None = None
    """Link to this attempt's report, relative to the API's root; None when it has none."""
    callback: CallbackView | None = None


class RunView(Message):
    """The answer of `GET /v1/runs/{id}`.

    A terminal state stays: while a redrive is at work, `status`, `ended_at`, `seconds`, `gaps`, `reason` and the link
    to the report are those of the attempt that ended last; the stages, the deadline and the callback are the newer
    attempt's.
    """

    run_id: str
    flow: str
    status: RunStatus
    attempt: int
    """Number of the newest attempt."""
    records: int
    accepted_at: Timestamp
    deadline_at: Timestamp
    ended_at: Timestamp | None
    seconds: float | None
    """From acceptance, or from a redrive's beginning, to the end; None until the run has ended once."""
    stages: tuple[StageView, ...]
    gaps: tuple[Gap, ...] = ()
    reason: str = ""
    metadata: dict[str, str] = {}
    callback: CallbackView | None = None
    attempts: tuple[AttemptView, ...] = ()
    """Oldest first; the last is the present one."""
    redriving: bool = False
    """Whether a newer attempt than the one that ended last is at work."""
    asked: Literal["cancel", "redrive"] | None = None
    """What was asked of the run and is not carried out yet."""
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
    join: str
    """A `JoinPolicy`: `required`, `optional`, `by_deadline`, `quorum(3)`. A newer API may know more of them."""


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
