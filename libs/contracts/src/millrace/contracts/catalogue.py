"""The task catalogue: every task's name, queue, input, outputs, limits and version. Defined once, here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from millrace.contracts import inputs, insights, messages, tables
from millrace.contracts.base import Message
from millrace.contracts.errors import UnknownTask
from millrace.contracts.report import Report

Input = TypeVar("Input", bound=Message)


@dataclass(frozen=True, kw_only=True)
class Output:
    """One artifact that a task writes: a table or a JSON model; a list of them when `many`."""

    content: tables.Table | type[Message]
    version: int = 1
    many: bool = False
    durable: bool = False
    """Always in the object store, whatever its size."""

    @property
    def schema_name(self) -> str:
        """As the artifact's reference carries it."""
        if isinstance(self.content, tables.Table):
            return self.content.schema_name
        return f"{self.content.__name__.lower()}/{self.version}"


@dataclass(frozen=True, kw_only=True)
class TaskSpec(Generic[Input]):
    """One task: what it is called, where it runs, what it takes and gives, and for how long it may run."""

    name: str
    service: str
    queue: str
    input: type[Input]
    outputs: Mapping[str, Output] = field(default_factory=dict)
    soft_limit_s: float
    """The task is interrupted and rolls back."""
    hard_limit_s: float
    """Its process is killed."""
    version: int = 1
    """Counted up when the same input would give other bytes."""


def _part(
    name: str, service: str, model: type[Input], soft: float, version: int = 1, **outputs: Output
) -> TaskSpec[Input]:
    queue = service.replace("_", "-")
    return TaskSpec(
        name=name, service=service, queue=queue, input=model, outputs=outputs, soft_limit_s=soft,
        hard_limit_s=soft + 2, version=version,
    )  # fmt: skip


def _control(name: str, service: str, queue: str, model: type[Input], soft: float) -> TaskSpec[Input]:
    return TaskSpec(name=name, service=service, queue=queue, input=model, soft_limit_s=soft, hard_limit_s=soft + 2)


ADVANCE = _control("orchestration.advance", "orchestrator", "orchestration", messages.Advance, 5)
CANCEL = _control("orchestration.cancel", "orchestrator", "orchestration", messages.Cancel, 5)
REDRIVE = _control("orchestration.redrive", "orchestrator", "orchestration", messages.Redrive, 5)
FAN_OUT = _control("distribution.fan_out", "orchestrator", "distribution", messages.FanOut, 5)
DELIVER = _control("callback.deliver", "callback", "callback", messages.Deliver, 8)
PROBE = _control("callback.probe", "callback", "callback", messages.Probe, 8)

CONVERSATIONS = _part(
    "dataset.conversations.build", "dataset_conversations", inputs.BuildConversations, 4, 2,
    conversations=Output(content=tables.CONVERSATIONS), turns=Output(content=tables.TURNS),
    units=Output(content=tables.UNITS, many=True), quality=Output(content=insights.Manifest),
)  # fmt: skip
RATINGS = _part(
    "dataset.customers.ratings", "dataset_customers", inputs.BuildRatings, 4,
    ratings=Output(content=tables.RATINGS), segments=Output(content=tables.SEGMENTS),
    quality=Output(content=insights.Manifest),
)  # fmt: skip
CUSTOMERS = _part(
    "dataset.customers.customers", "dataset_customers", inputs.BuildCustomers, 4, 2,
    customers=Output(content=tables.CUSTOMERS), contacts=Output(content=tables.CONTACTS),
    quality=Output(content=insights.Manifest),
)  # fmt: skip
OPERATIONS = _part(
    "dataset.customers.operations", "dataset_customers", inputs.BuildOperations, 4,
    tickets=Output(content=tables.TICKETS), hourly=Output(content=tables.HOURLY),
    quality=Output(content=insights.Manifest),
)  # fmt: skip
ANNOTATE = _part(
    "nlp.annotate", "nlp", inputs.Annotate, 5, 2,
    annotations=Output(content=tables.ANNOTATIONS), vectors=Output(content=tables.VECTORS),
    labels=Output(content=insights.Labels),
)  # fmt: skip
TOPICS = _part("nlp.topics", "nlp", inputs.FindTopics, 3, 2, topics=Output(content=insights.Topics))
PHRASES = _part("nlp.phrases", "nlp", inputs.FindPhrases, 3, phrases=Output(content=insights.Phrases))
SUMMARY = _part("nlp.summary", "nlp", inputs.Summarize, 3, summary=Output(content=insights.Summary))
KPIS = _part("analytics.kpis", "analytics", inputs.MeasureKpis, 3, 2, kpis=Output(content=insights.Kpis))
TRENDS = _part("analytics.trends", "analytics", inputs.MeasureTrends, 3, trends=Output(content=insights.Trends))
THEME_IMPACT = _part(
    "analytics.theme_impact", "analytics", inputs.ThemeImpact, 3, 2, impact=Output(content=insights.ThemeImpacts)
)
DRIVERS = _part("analytics.drivers", "analytics", inputs.FindDrivers, 3, 2, drivers=Output(content=insights.Drivers))
DUPLICATES = _part("nlp.duplicates", "nlp", inputs.FindDuplicates, 3, duplicates=Output(content=insights.Duplicates))
SEGMENTS = _part(
    "analytics.segments", "analytics", inputs.CompareSegments, 3, segments=Output(content=insights.Segments)
)
CONTACTS = _part("analytics.contacts", "analytics", inputs.CountContacts, 3, contacts=Output(content=insights.Contacts))
CHANGES = _part("analytics.changes", "analytics", inputs.FindChanges, 3, changes=Output(content=insights.Changes))
EMERGING = _part("analytics.emerging", "analytics", inputs.FindEmerging, 3, emerging=Output(content=insights.Emerging))
FORECAST = _part(
    "analytics.forecast", "analytics", inputs.MakeForecasts, 3, forecasts=Output(content=insights.Forecasts)
)
RISKS = _part("analytics.risks", "analytics", inputs.ScoreRisks, 3, risks=Output(content=insights.Risks))
SERVICE_LEVELS = _part(
    "analytics.service_levels", "analytics", inputs.MeasureService, 3,
    service_levels=Output(content=insights.ServiceLevels),
)  # fmt: skip
REPORT = _part("analytics.report", "analytics", inputs.WriteReport, 3, 2, report=Output(content=Report, durable=True))

CONTROL = (ADVANCE, CANCEL, REDRIVE, FAN_OUT, DELIVER, PROBE)
"""Tasks that move a run; each takes its message as it is."""

PARTS = (
    CONVERSATIONS, RATINGS, CUSTOMERS, OPERATIONS, ANNOTATE, DUPLICATES, TOPICS, PHRASES, SUMMARY, KPIS, TRENDS,
    FORECAST, SERVICE_LEVELS, SEGMENTS, THEME_IMPACT, DRIVERS, CONTACTS, CHANGES, EMERGING, RISKS, REPORT,
)  # fmt: skip
"""Tasks that compute; each takes a `PartMessage` and returns an `Outcome`."""

_BY_NAME = {spec.name: spec for spec in (*CONTROL, *PARTS)}


def task(name: str) -> "TaskSpec[Message]":
    """The task of this name; UnknownTask when no service offers it."""
    try:
        return _BY_NAME[name]  # type: ignore[return-value]
    except KeyError:
        raise UnknownTask(f"no service offers the task {name!r}") from None


def names() -> frozenset[str]:
    """Every task name there is."""
    return frozenset(_BY_NAME)
