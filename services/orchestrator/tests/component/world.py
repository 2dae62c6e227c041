"""The orchestrator over in-memory stores, with a clock that tests turn."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from millrace.contracts.artifacts import JSON, ArtifactRef
from millrace.contracts.flow import Flow
from millrace.contracts.messages import Advance
from millrace.contracts.outcome import Outcome
from millrace.contracts.run import Ask, CallbackStatus, RunRecord
from millrace.orchestrator.adapters import Joins
from millrace.orchestrator.attempts import Attempts
from millrace.orchestrator.canvas import join_key
from millrace.orchestrator.domain.joining import quota
from millrace.orchestrator.engine import Engine
from millrace.orchestrator.flows import parse
from millrace.orchestrator.keeping import Keeping
from millrace.orchestrator.sweep import Sweep
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.memory import MemoryRuns, memory_artifacts
from millrace.testing.factories import START, artifact, callback_record, failed, run_record, succeeded
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.join.store import MemoryJoins
from millrace.worker.signing import Signer

SIGNER = Signer(secrets=(MESSAGE_SECRET,))
SECOND = timedelta(seconds=1)
FLOW = Path(__file__).parents[1] / "data" / "customer-feedback.toml"


@dataclass
class Post:
    """Keeps what would be published, and opens joins as the distributor does; `loses` messages when it is told to."""

    joins: MemoryJoins
    sent: list[tuple[str, ...]] = field(default_factory=list)
    loses: bool = False

    def fan_out(self, record: RunRecord, stage: str, only: tuple[str, ...] | None) -> None:
        self.sent.append(("fan_out", stage, *(only or ())))
        if record.stage is not None and not self.loses:
            key = join_key(record.tenant, record.run_id, record.attempt, stage)
            self.joins.open(key, quota(record.stage))
            self.joins.seal(key)

    def look(self, record: RunRecord, stage: str) -> None:
        self.sent.append(("look", stage))

    def deliver(self, record: RunRecord) -> None:
        self.sent.append(("deliver", record.callback.event_id if record.callback else ""))


@dataclass
class Always:
    """A lease that is free."""

    def take(self) -> bool:
        return True


@dataclass
class World:
    """An engine, its ports and a clock that tests turn."""

    at: datetime = START
    flows: dict[str, Flow] = field(default_factory=lambda: strict())
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    joins: MemoryJoins = field(default_factory=MemoryJoins)
    artifacts: ArtifactStore = field(default_factory=memory_artifacts)

    def __post_init__(self) -> None:
        self.post = Post(joins=self.joins)
        self.engine = Engine(
            store=self.runs, joins=Joins(self.joins, SIGNER), messenger=self.post, flows=self.flows,
            clock=lambda: self.at, keeping=Keeping(store=self.runs, artifacts=self.artifacts),
        )  # fmt: skip
        self.attempts = Attempts(engine=self.engine)
        self.sweep = Sweep(engine=self.engine, store=self.runs, lease=Always(), clock=lambda: self.at)
        record = run_record()
        self.runs.create(record.model_copy(update={"callback": callback_record(record.run_id)}))
        self.run_id = record.run_id

    @property
    def record(self) -> RunRecord:
        return self.runs.get("acme", self.run_id)

    def advance(self, stage: str | None = None) -> None:
        self.attempts.advance(self.message(stage, self.record.attempt))

    def message(self, stage: str | None, attempt: int) -> Advance:
        return Advance(tenant="acme", run_id=self.run_id, stage=stage, attempt=attempt)

    def keep(self, name: str, durable: bool = False, rows: int | None = None) -> ArtifactRef:
        """An artifact of the run that is really there."""
        ref, _ = self.artifacts.put(
            tenant="acme", key=f"{self.run_id}/{name}", data=name.encode(), media_type=JSON, schema_name="any/1",
            durable=durable, rows=rows,
        )  # fmt: skip
        return ref

    def lose(self, ref: ArtifactRef) -> None:
        """The hot tier forgets it."""
        self.artifacts.delete("acme", ref)

    def tell(self, stage: str, outcome: Outcome) -> None:
        """A part's outcome comes into its stage's join."""
        attempt = self.record.attempt
        task = f"{self.run_id}:{attempt}:{stage}:{outcome.step}.{outcome.part}"
        key = join_key("acme", self.run_id, attempt, stage)
        self.joins.add(key, task, SIGNER.sign_outcome(key, task, outcome.model_dump_json()))

    def report(self, stage: str, step: str, part: int = 0, **artifacts: tuple[ArtifactRef, ...]) -> None:
        """A part went well."""
        self.tell(stage, succeeded(step, part, **artifacts))

    def fail(self, stage: str, step: str, code: str, part: int = 0) -> None:
        """A part failed."""
        self.tell(stage, failed(step, part, code))

    def report_datasets(self) -> None:
        self.report("datasets", "conversations", units=(artifact("u"),))
        self.report("datasets", "ratings", ratings=(artifact("r"),), segments=(artifact("s"),))
        self.report("datasets", "customers")
        self.report("datasets", "operations", tickets=(artifact("t"),))

    def run_to(self, stage: str) -> None:
        """Carry the run on, with artifacts that are really there, until this stage is published."""
        if not self.record.stages:
            self.advance()
        for name, reports in _STAGES.items():
            if self.record.stage is None or self.record.stage.name == stage or self.record.status.terminal:
                return
            if self.record.stage.name == name:
                for step, outputs in reports.items():
                    self.report(name, step, **{each: (self.keep(f"{step}-{each}", rows=500),) for each in outputs})
                self.advance(name)

    def finish(self) -> None:
        """Carry the run on to its end."""
        self.run_to("report")
        self.report("report", "report", report=(self.keep("report", durable=True),))
        self.advance("report")

    def delivered(self) -> None:
        """The consumer took the callback."""
        record = self.record
        assert record.callback is not None
        callback = record.callback.model_copy(update={"status": CallbackStatus.DELIVERED, "deliveries": 1})
        self.runs.replace(record.model_copy(update={"callback": callback, "due_at": record.due(record.tidy_at)}))

    def ask(self, what: Literal["cancel", "redrive"], start: str = "failed", reason: str = "") -> None:
        """What the ingestion service writes before it answers; its message is another matter."""
        record = self.record
        asked = Ask(what=what, attempt=record.attempt, at=self.at, start=start, reason=reason)
        self.runs.replace(record.asking(asked))


_STAGES = {
    "datasets": {
        "conversations": ("units",), "ratings": ("ratings", "segments"), "customers": (), "operations": ("tickets",),
    },
    "annotate": {"annotate": ("annotations", "vectors"), "kpis": ("kpis",), "trends": ("trends",)},
    "insight": {
        "topics": ("topics",), "phrases": ("phrases",), "summary": ("summary",), "impact": ("impact",),
        "drivers": ("drivers",),
    },
}  # fmt: skip
"""What each step of the flow delivers, by stage."""


def carried() -> dict[str, Flow]:
    """The flow that the tests carry runs through: what the product finds may change, and they need not."""
    flow = parse(FLOW.name, FLOW.read_text())
    return {flow.name: flow}


def strict() -> dict[str, Flow]:
    """The same, with the two datasets required that everything else is made of."""
    return {name: _demanding(flow, {"conversations", "ratings"}) for name, flow in carried().items()}


def _demanding(flow: Flow, names: set[str]) -> Flow:
    stages = (
        stage.model_copy(
            update={
                "steps": tuple(
                    step.model_copy(update={"join": "required"}) if step.name in names else step for step in stage.steps
                )
            }
        )
        for stage in flow.stages
    )
    return flow.model_copy(update={"stages": tuple(stages)})
