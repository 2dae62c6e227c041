"""Every span and every metric that Millrace has: a contract with whoever built a dashboard or an alert on them.

A name is added here first. It is never given another meaning, and a label never gets values without a bound: a run, a
tenant or an address is an attribute of a span or a field of a log line, and no label.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a span stands for, in OpenTelemetry's words."""

    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"
    INTERNAL = "internal"


WORKERS: Final = (
    "orchestrator", "dataset_conversations", "dataset_customers", "nlp", "analytics", "callback",
)  # fmt: skip
"""Services that take messages."""
ALL: Final = ("ingestion", *WORKERS)


@dataclass(frozen=True, kw_only=True)
class SpanSpec:
    """One kind of span."""

    name: str
    """With its variable part in braces, which has few values."""
    kind: Kind
    services: tuple[str, ...]
    """Who makes it."""
    parents: tuple[str, ...]
    """Names of the spans that it may be a child of; empty for the first of a trace or a caller's."""
    links: str = ""
    """What it links to beside its parent."""
    says: str


ACCEPT: Final = "POST /v1/runs"
ASK: Final = "ask {ask}"
RUN: Final = "run"
STAGE: Final = "stage {stage}"
WAIT: Final = "wait {queue}"
PROCESS: Final = "process {task}"
SEND: Final = "send {queue}"
JOIN: Final = "join {stage}"
SWEEP: Final = "sweep run"
STORE: Final = "{verb} {thing}"
DELIVERY: Final = "POST callback"

_AT_WORK: Final = (PROCESS, JOIN, SWEEP)

SPANS: Final = (
    SpanSpec(
        name=ACCEPT, kind=Kind.SERVER, services=("ingestion",), parents=(),
        says="A batch was posted. The producer's own span is its parent, if it has one.",
    ),
    SpanSpec(
        name=ASK, kind=Kind.SERVER, services=("ingestion",), parents=(RUN,),
        says="A cancel or a redrive was asked for, of a run that is recorded.",
    ),
    SpanSpec(
        name=RUN, kind=Kind.INTERNAL, services=("orchestrator",), parents=(ACCEPT,), links="the attempt before it",
        says="An attempt of the run, from its beginning to its end. Written when it ends, from the run record.",
    ),
    SpanSpec(
        name=STAGE, kind=Kind.INTERNAL, services=("orchestrator",), parents=(RUN,),
        says="A stage, from its dispatch to its join. Written when it is joined, from the run record.",
    ),
    SpanSpec(
        name=WAIT, kind=Kind.CONSUMER, services=WORKERS, parents=(RUN, STAGE),
        says="A message in its queue, from being sent to being begun. Written by the service that takes it.",
    ),
    SpanSpec(
        name=PROCESS, kind=Kind.CONSUMER, services=WORKERS, parents=(WAIT,),
        says="A message at work, once for each retry and each redelivery.",
    ),
    SpanSpec(
        name=SEND, kind=Kind.PRODUCER, services=ALL, parents=(ACCEPT, ASK, *_AT_WORK),
        says="Messages on their way to the broker: one span for all those of a stage to a queue. The last of a stage's "
        "parts sends the message that has it joined. A retry has none.",
    ),
    SpanSpec(
        name=JOIN, kind=Kind.INTERNAL, services=("orchestrator",), parents=(PROCESS, SWEEP, STAGE), links="every part",
        says="A stage's outcomes are put together. A child of the stage where it was written from the run record.",
    ),
    SpanSpec(
        name=SWEEP, kind=Kind.INTERNAL, services=("orchestrator",), parents=(RUN,),
        says="A run that is overdue is carried on, whoever lost it. A look that finds nothing to do has none.",
    ),
    SpanSpec(
        name=STORE, kind=Kind.CLIENT, services=ALL, parents=(ACCEPT, ASK, *_AT_WORK),
        says="A call of a store: get, put or delete an artifact; create, get or replace a run; a join's outcomes.",
    ),
    SpanSpec(
        name=DELIVERY, kind=Kind.CLIENT, services=("callback",), parents=(PROCESS,),
        says="The POST to the consumer, whose `traceparent` names this span.",
    ),
)  # fmt: skip


class Type(StrEnum):
    """How a metric is counted."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 7.5, 10.0, 15.0, 30.0, 60.0)
"""Bounds of durations. Ten seconds is the objective's."""
SHARES: Final = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """One metric. Prometheus has it as `millrace_<name>` (and `_total` for a counter), OTLP as `millrace.<name>`."""

    name: str
    type: Type
    unit: str
    """In UCUM's words (https://ucum.org), or what is counted in braces."""
    labels: tuple[str, ...]
    services: tuple[str, ...]
    """Who measures it; its points carry that service."""
    says: str
    bounds: tuple[float, ...] = ()


def _counter(name: str, unit: str, labels: tuple[str, ...], services: tuple[str, ...], says: str) -> MetricSpec:
    return MetricSpec(name=name, type=Type.COUNTER, unit=unit, labels=labels, services=services, says=says)


def _gauge(name: str, unit: str, labels: tuple[str, ...], services: tuple[str, ...], says: str) -> MetricSpec:
    return MetricSpec(name=name, type=Type.GAUGE, unit=unit, labels=labels, services=services, says=says)


def _seconds(name: str, labels: tuple[str, ...], services: tuple[str, ...], says: str) -> MetricSpec:
    return MetricSpec(
        name=name, type=Type.HISTOGRAM, unit="s", labels=labels, services=services, says=says, bounds=SECONDS
    )


_ORCHESTRATOR: Final = ("orchestrator",)

METRICS: Final = (
    _seconds("http_request_seconds", ("method", "route", "status"), ("ingestion",), "Requests, by their answer."),
    _seconds("task_seconds", ("queue", "task", "status"), WORKERS, "Messages at work, by how they ended."),
    _seconds("task_wait_seconds", ("queue", "task"), WORKERS, "Messages in their queue, from being sent to begun."),
    _counter("task_retries", "{retry}", ("queue", "task"), WORKERS, "Tries that ended with another one."),
    _counter("task_redeliveries", "{message}", ("queue", "task"), WORKERS, "Messages begun that were begun before."),
    _counter("workers_lost", "{process}", ("queue", "reason"), WORKERS, "Children that were killed or died at work."),
    _counter("parts", "{part}", ("task", "status", "reason"), WORKERS[1:-1], "Parts, by how they ended and why."),
    _gauge("queue_depth", "{message}", ("queue",), _ORCHESTRATOR, "Messages that no worker has taken yet."),
    _gauge("queue_in_flight", "{message}", ("queue",), _ORCHESTRATOR, "Messages that a live worker holds."),
    _gauge("queue_slots", "{slot}", ("queue",), _ORCHESTRATOR, "Messages that live workers can work on at a time."),
    _gauge(
        "queue_oldest_seconds", "s", ("queue",), _ORCHESTRATOR,
        "Age of the oldest message that waits; 0 for none. Exact on Redis; elsewhere too low for one that came back.",
    ),
    _gauge("dead_letters", "{message}", (), _ORCHESTRATOR, "Messages that no worker could use."),
    _counter("runs_accepted", "{run}", ("flow",), ("ingestion",), "Runs that were accepted."),
    _counter("runs_ended", "{run}", ("flow", "status"), _ORCHESTRATOR, "Attempts that ended."),
    _counter(
        "runs_promised", "{run}", ("flow",), _ORCHESTRATOR,
        "First attempts that ended, of a budget of 10 s or less; without those that were cancelled.",
    ),
    _counter("runs_in_time", "{run}", ("flow",), _ORCHESTRATOR, "Those of them that had their report within 10 s."),
    _seconds("run_seconds", ("flow", "status"), _ORCHESTRATOR, "Attempts, from their beginning to their end."),
    _seconds("stage_seconds", ("flow", "stage"), _ORCHESTRATOR, "Stages, from dispatch to join."),
    _seconds("stage_wait_seconds", ("flow", "stage"), _ORCHESTRATOR, "The longest wait of a stage's parts, if known."),
    _seconds("stage_work_seconds", ("flow", "stage"), _ORCHESTRATOR, "The longest work of a stage's parts."),
    MetricSpec(
        name="run_coverage", type=Type.HISTOGRAM, unit="1", labels=("flow",), services=_ORCHESTRATOR, bounds=SHARES,
        says="Share of the records that a run looked at.",
    ),
    _counter("gaps", "{gap}", ("flow", "step", "reason"), _ORCHESTRATOR, "Steps that are missing from a result."),
    _counter("runs_taken_over", "{run}", ("flow",), _ORCHESTRATOR, "Overdue runs that the sweep carried on."),
    _counter("run_cost_usd", "USD", ("flow",), _ORCHESTRATOR, "Estimated cost of attempts with a report."),
    _counter("cache_lookups", "{text}", ("cache", "result"), ("nlp",), "Texts looked up: hit, miss or error."),
    _seconds("model_load_seconds", ("model",), ("nlp",), "Loading a model, in each process that does."),
    _seconds("callback_seconds", ("status",), ("callback",), "Deliveries, by the class of the consumer's answer."),
    _counter("callbacks", "{delivery}", ("result",), ("callback",), "Deliveries: delivered, failed or given_up."),
    _counter("telemetry_sent", "{item}", ("signal",), ALL, "Spans, log records and error reports that were taken."),
    _counter("telemetry_dropped", "{item}", ("signal", "reason"), ALL, "Those that were given up, and why."),
)  # fmt: skip
