"""Customers at risk, and how they are served."""

from pydantic import Field

from millrace.contracts.base import Message
from millrace.contracts.insights.common import Estimate


class RiskReason(Message):
    """Why a customer is at risk, with what it adds to the score."""

    code: str
    text: str
    points: float


class Risk(Message):
    """A customer who may leave."""

    customer: str
    """The customer's hash."""
    score: float = Field(ge=0, le=1)
    band: str
    """`high` or `medium`."""
    reasons: tuple[RiskReason, ...]
    """The weightiest first."""
    evidence: tuple[str, ...] = ()
    """Record ids."""


class Risks(Message):
    """Customers at risk, the highest score first."""

    method: str = ""
    """`points`, or `logistic` where the producer's data say who left."""
    customers: int = 0
    """Customers that were scored."""
    high: int = 0
    medium: int = 0
    risks: tuple[Risk, ...] = ()
    """At most twenty."""
    reliability: dict[str, float] = {}
    """On held-out customers: `auc` with its interval (`auc_low`, `auc_high`), `brier`, `base_rate`, `points_auc` (that
    of the points score) and `n`; empty for the points score."""
    note: str = ""


class AgentRange(Message):
    """One agent's or team's figures: a range, never a rank."""

    agent: str
    """The agent's hash."""
    tickets: int
    resolution_s: Estimate | None = None
    reopened: Estimate | None = None
    apart: bool = False
    """Whether its range lies apart from the others' (adjusted for the number of agents)."""


class ServiceLevels(Message):
    """How fast and how finally tickets are answered."""

    tickets: int = 0
    first_reply_s: dict[str, Estimate] = {}
    """By percentile: `p50` and `p90`, in seconds."""
    resolution_s: dict[str, Estimate] = {}
    reopened: Estimate | None = None
    backlog: int | None = None
    """Tickets open at the end of the last hour."""
    busiest_hours: tuple[int, ...] = ()
    """Hours of the day (UTC) with the most records, at most three."""
    agents: tuple[AgentRange, ...] = ()
    note: str = ""
