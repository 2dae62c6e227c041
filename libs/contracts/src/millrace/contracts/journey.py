"""Where a run's time went, and why: what `millrace why` and `millrace trace` are answered.

Seconds that are called `begin_s` and `end_s` count from the attempt's beginning. A newer API may know more phases and
kinds than this release: they are texts.
"""

from enum import StrEnum

from millrace.contracts.base import Message, Timestamp
from millrace.contracts.happening import Gap
from millrace.contracts.run import RunStatus


class Phase(StrEnum):
    """What a run spends its time on."""

    ACCEPT = "accept"
    """A batch is taken in: parsed, stored, written down."""
    DISPATCH = "dispatch"
    """A stage is planned, written down and published."""
    QUEUE = "queue"
    """A message waits for a worker that is there."""
    START = "start"
    """A message waits for a process that was not ready when it was sent."""
    STORE = "store"
    """Artifacts are read and written."""
    COMPUTE = "compute"
    """A part computes."""
    RETRY = "retry"
    """Work that was lost, and what had it done again."""
    JOIN = "join"
    """Outcomes are put together."""
    IDLE = "idle"
    """A part is missing that was waited for, or the record does not tell."""
    CALLBACK = "callback"
    """The result is sent, and sent again, until the consumer took it."""


class Interval(Message):
    """A stretch of time."""

    phase: str
    """A `Phase`."""
    begin_s: float
    end_s: float
    service: str = ""
    """Whose time it is; `consumer` for who receives the callback."""
    queue: str = ""
    stage: str = ""
    step: str = ""
    part: int | None = None
    what: str = ""
    """More exactly: `read`, `write`, `missing`, `begun again`, ..."""
    source: str = ""
    """Fields of the run record from which it follows."""
    cpu_s: float | None = None
    """Of a part that computed: how much of that on a processor."""
    behind_s: float | None = None
    """Of a part that waited in its queue: how much of that behind other parts of the same run."""
    waiting: str = ""
    """On the critical path, of a part's work: the part that waited behind it, such as `duplicates.0`."""

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end_s - self.begin_s


class JourneyRow(Message):
    """A row of the waterfall."""

    kind: str
    """`run`, `accept`, `stage`, `step`, `part` or `callback`."""
    name: str
    level: int
    """How far it is indented; rows below with a higher level belong to it."""
    begin_s: float
    end_s: float
    service: str = ""
    queue: str = ""
    stage: str = ""
    step: str = ""
    part: int | None = None
    status: str = ""
    reason: str = ""
    """The reason's code."""
    deliveries: int = 1
    retries: int = 0
    critical: bool = False
    """Whether the run would have been quicker without it."""
    intervals: tuple[Interval, ...] = ()
    """In order, without holes."""


class PhaseTime(Message):
    """Seconds that the critical path spent in a phase."""

    phase: str
    seconds: float
    normal_s: float | None = None
    """Median of the runs that it is compared with; None when there are too few."""
    p90_s: float | None = None


class QueueTime(Message):
    """How long messages waited in a queue."""

    queue: str
    service: str
    seconds: float
    """On the critical path."""
    longest_s: float
    """The longest wait of one message."""
    longest: str
    """Whose that was: a part, such as `annotate.3`, or a stage."""
    messages: int
    normal_s: float | None = None
    """Median of `longest_s`."""


class Cause(Message):
    """Why a run took as long as it did. The first of them is the answer."""

    phase: str
    text: str
    """One sentence without its full stop."""
    seconds: float
    normal_s: float | None = None
    excess_s: float
    """Seconds over what is normal; all of them while nobody knows what is."""
    unusual: bool
    """Whether it stands out from what is normal."""
    service: str = ""
    queue: str = ""
    stage: str = ""
    step: str = ""
    part: int | None = None


class Trouble(Message):
    """Something that went wrong on the way."""

    kind: str
    """`retry`, `redelivery`, `dispatch`, `division`, `recovery`, `redrive`, `failure`, `callback` or `clock`."""
    text: str
    stage: str = ""
    step: str = ""
    part: int | None = None


class Normal(Message):
    """What this run is compared with."""

    runs: int
    """How many ended runs of the flow; fewer than three say nothing."""
    enough: bool
    similar: bool
    """Whether they are of about the same size."""
    seconds: float | None = None
    """Median from acceptance to the end of the callback."""
    p90_s: float | None = None


class AttemptTimes(Message):
    """An attempt and how long it took, without its callback."""

    number: int
    status: RunStatus
    began_at: Timestamp
    ended_at: Timestamp | None = None
    seconds: float | None = None


class RunJourney(Message):
    """The answer of `GET /v1/runs/{id}/journey`."""

    version: int = 1
    run_id: str
    flow: str
    flow_version: int
    status: RunStatus
    attempt: int
    records: int
    began_at: Timestamp
    """When the request came in, or a redrive's attempt began."""
    ended: bool
    """Whether nothing more will happen; if not, all of this is `so far`."""
    seconds: float
    """From there to the end of the callback, of the attempt where there is no callback, or to now."""
    deadline_s: float | None = None
    """The attempt's budget; the callback's delivery is not in it. None for an attempt whose record is gone."""
    verdict: str
    """The answer in a sentence or two."""
    phases: tuple[PhaseTime, ...] = ()
    """They add up to `seconds`."""
    path: tuple[Interval, ...] = ()
    """The critical path: in order, without holes, from the beginning to the end."""
    causes: tuple[Cause, ...] = ()
    """The one that explains most first."""
    queues: tuple[QueueTime, ...] = ()
    """The slowest first."""
    rows: tuple[JourneyRow, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    gaps: tuple[Gap, ...] = ()
    reason: str = ""
    """Why it failed or was cancelled."""
    normal: Normal
    attempts: tuple[AttemptTimes, ...] = ()
    notes: tuple[str, ...] = ()
    """What the record does not tell."""
    trace_id: str = ""
    """32 hexadecimal digits; empty when the run has no trace."""
    trace_url: str = ""
    """Where Datadog shows it, when that is configured."""

    @property
    def causes_title(self) -> str:
        """What the causes tell: nothing is accused where nothing stands out from what is normal."""
        return "Why" if any(each.unusual for each in self.causes) else "Where most of the time went"
