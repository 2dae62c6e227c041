"""The spans of one run as they should be, made of the flow and the table: what the judge's own tests break."""

from itertools import count

from tests.telemetry.spans import key

from millrace.contracts.catalogue import ADVANCE, DELIVER, FAN_OUT, TaskSpec, task
from millrace.orchestrator.flows import load
from millrace.testing.otlp import Span

FLOW = load()["customer-feedback"]
RUN_ID = "run_01M80000000000000000000000"
OTHER = "run_01M80000000000000000000001"
TRACE = "a" * 32


def plain(**given: object) -> Span:
    """A span with nothing about it but what is given."""
    usual = {"parent_id": "", "resource": {}, "attributes": {}, "links": (), "start": 0, "end": 0, "error": False}
    return Span(**usual | given)


class _Told:
    def __init__(self, run_id: str, trace_id: str) -> None:
        self.spans: list[Span] = []
        self._run_id, self._trace_id, self._ids = run_id, trace_id, count(1)

    def add(self, service: str, name: str, kind: str, parent: Span | None = None, **given: object) -> Span:
        """One span more; it lasts as long as it takes to tell of the next."""
        number = next(self._ids)
        links = given.pop("links", ())
        span = plain(
            trace_id=self._trace_id, span_id=f"{number:016x}", parent_id=parent.span_id if parent else "", name=name,
            service=service, kind=kind, start=10 * number, end=10 * number + 5, links=links,
            attributes={"run_id": self._run_id, "attempt": 1, **given},
        )  # fmt: skip
        self.spans.append(span)
        return span

    def hop(self, spec: TaskSpec, parent: Span, **given: object) -> Span:
        """Through a queue."""
        waited = self.add(spec.service, f"wait {spec.queue}", "consumer", parent)
        return self.add(spec.service, f"process {spec.name}", "consumer", waited, **given)


def journey(run_id: str = RUN_ID, trace_id: str = TRACE) -> list[Span]:
    """A run that went well."""
    told = _Told(run_id, trace_id)
    accept = told.add("ingestion", "POST /v1/runs", "server")
    for name in ("put artifact", "create run"):
        told.add("ingestion", name, "client", accept)
    told.add("ingestion", "send orchestration", "producer", accept)
    run = told.add("orchestrator", "run", "internal", accept)
    told.hop(ADVANCE, run)
    for stage in FLOW.stages:
        _stage(told, run, stage)
    deliver = told.hop(DELIVER, run)
    told.add("callback", "POST callback", "client", deliver)
    return told.spans


def _stage(told: _Told, run: Span, stage) -> None:
    place = told.add("orchestrator", f"stage {stage.name}", "internal", run, stage=stage.name)
    told.hop(FAN_OUT, run)
    parts = []
    for step in stage.steps:
        part = told.hop(task(step.task), place, stage=stage.name, step=step.name, part=0)
        told.add(part.service, "get artifact", "client", part)
        parts.append(part)
    advance = told.hop(ADVANCE, place)
    told.add("orchestrator", f"join {stage.name}", "internal", advance, links=tuple(key(part) for part in parts))
