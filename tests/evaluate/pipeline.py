"""The production flow in this process: the orchestrator's plan and join, the services' registered tasks, memory stores.

What is missing of production is what does not change an insight: the broker, the encryption and the hurry. Every part
gets hours, so that what is judged is what the tasks can do and not what this machine has time for.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from celery import Celery

from millrace.analytics import tasks as analytics
from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.base import Message, now
from millrace.contracts.catalogue import TaskSpec
from millrace.contracts.flow import Flow
from millrace.contracts.messages import PartMessage, part_id
from millrace.contracts.outcome import Outcome, OutcomeStatus, Reason
from millrace.contracts.records import Record
from millrace.contracts.run import RunRecord
from millrace.dataset_conversations import tasks as conversations
from millrace.dataset_customers import tasks as customers
from millrace.nlp import tasks as nlp
from millrace.nlp.adapters import Embedder
from millrace.nlp.cache.cells import MemoryCells
from millrace.nlp.cache.sealed import SealedCells
from millrace.orchestrator.domain import joining, plan
from millrace.orchestrator.flows import load
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.memory import memory_artifacts
from millrace.storage.tables import decode
from millrace.testing.parts import TENANT, Bench
from millrace.worker.join.backend import CONF_KEY
from millrace.worker.join.store import MemoryJoins

FLOW = "customer-feedback"
HOURS = timedelta(hours=10)
A_DAY = 86_400
NOT_OFFERED = "not_offered"
"""Reason of a part whose task no service registers."""

Model = TypeVar("Model", bound=Message)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A run that has ended, and what its steps wrote."""

    record: RunRecord
    bench: Bench

    def missing(self, step: str) -> str:
        """Why a step delivered nothing; empty when it did."""
        found = next((each for stage in self.record.stages for each in stage.steps if each.name == step), None)
        if found is None:
            return NOT_OFFERED
        if found.status is OutcomeStatus.SUCCEEDED:
            return ""
        return found.reason.code if found.reason else str(found.status)

    def models(self, source: str, model: type[Model]) -> list[Model]:
        """The JSON artifacts that a flow's source names."""
        return [self.read(ref, model) for ref in plan.find(self.record, source)]

    def read(self, ref: ArtifactRef, model: type[Model]) -> Model:
        """A JSON artifact as its model."""
        return model.model_validate_json(self.bench.store.get(TENANT, ref))

    def model(self, source: str, model: type[Model]) -> Model | None:
        """The only artifact of a source; None when its step delivered nothing."""
        found = self.models(source, model)
        return found[0] if found else None

    def rows(self, source: str, schema: Any) -> list[dict[str, Any]]:
        """All rows of a source's datasets."""
        refs = plan.find(self.record, source)
        return [row for ref in refs for row in decode(self.bench.store.get(TENANT, ref), schema).to_pylist()]


class Pipeline:
    """Every service's tasks on one app. Not to be shared between threads."""

    def __init__(self, embedder: Embedder, cache_s: int = A_DAY) -> None:
        """A cache of 0 seconds computes every text anew."""
        self._flow = load()[FLOW]
        self._store = memory_artifacts()
        self.app = _app(self._store, embedder, cache_s)

    def run(self, records: Sequence[Record], only: Collection[str] = ()) -> Ran:
        """Carry a batch through the flow, or through these steps of it alone, each with what is there of its inputs."""
        bench = Bench(self._store)
        flow = _narrowed(self._flow, only) if only else self._flow
        record = _accepted(flow, bench, records)
        while stage := plan.next_stage(flow, record):
            begun = plan.begin(flow, record, stage, now())
            record = record.model_copy(update={"stages": (*record.stages, begun)})
            outcomes = {
                part_id(message.step, message.part): _handled(self.app, spec, message)
                for spec, message in plan.parts(flow, record, now())
            }
            joined = joining.join(begun, outcomes, now())
            gaps = (*record.gaps, *joining.gaps(flow, joined))
            record = record.model_copy(update={"stages": (*record.stages[:-1], joined), "gaps": gaps})
        return Ran(record=record, bench=bench)

    def again(self, ran: Ran, spec: TaskSpec[Any], inputs: Mapping[str, tuple[ArtifactRef, ...]]) -> Outcome:
        """Run one task once more, over other inputs than the flow's."""
        part = ran.bench.part(spec, inputs, allowance_s=HOURS.total_seconds())
        return _handled(self.app, spec, part.message)


def _app(store: ArtifactStore, embedder: Embedder, cache_s: int) -> Celery:
    app = Celery("evaluate", set_as_current=False)
    app.conf[CONF_KEY] = MemoryJoins()
    conversations.register(app, store)
    customers.register(app, store)
    cells = SealedCells(MemoryCells(), store.envelope)
    nlp.register(app, nlp.Ports(store=store, embedder=embedder, cells=cells, cache_s=cache_s))
    analytics.register(app, analytics.Ports(store=store))
    return app


def _narrowed(flow: Flow, only: Collection[str]) -> Flow:
    """The flow with these steps alone. It is not checked again: what a step that is left out would give is missing."""
    stages = (
        stage.model_copy(update={"steps": tuple(step for step in stage.steps if step.name in only)})
        for stage in flow.stages
    )
    return flow.model_copy(update={"stages": tuple(stage for stage in stages if stage.steps)})


def _accepted(flow: Flow, bench: Bench, records: Sequence[Record]) -> RunRecord:
    at = datetime.now(UTC)
    return RunRecord(
        tenant=TENANT, run_id=bench.run_id, flow=flow.name, flow_version=flow.version, accepted_at=at,
        deadline_at=at + HOURS, due_at=None, batch=bench.put_batch(list(records)), records=len(records),
    )  # fmt: skip


def _handled(app: Celery, spec: TaskSpec[Any], message: PartMessage) -> Outcome:
    if spec.name not in app.tasks:
        reason = Reason(code=NOT_OFFERED)
        return Outcome(step=message.step, part=message.part, status=OutcomeStatus.FAILED, reason=reason)
    return Outcome.model_validate(app.tasks[spec.name](message.model_dump(mode="json")))
