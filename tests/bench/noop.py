"""The no-op flow: 3 parts, join, 4 parts, join, 1 part; and what its tasks do, which is nothing.

The catalogue is fixed, so every step borrows one of its tasks under its routed name. The task's only required input is
the batch, and each step hands the batch's reference on as its output: the run record has artifacts of a usual number
and size, and no store is touched.
"""

from dataclasses import dataclass
from typing import Any

from celery import Celery
from redis import Redis
from tests.bench.redis_runs import RedisRuns

from millrace.contracts.catalogue import RATINGS
from millrace.contracts.flow import BATCH, Flow, Stage, Step
from millrace.contracts.inputs import BuildRatings
from millrace.contracts.run import RunRecord
from millrace.contracts.services import WorkerClass
from millrace.orchestrator.adapters import CeleryMessenger, GreenletTimer, Joins
from millrace.orchestrator.attempts import Attempts
from millrace.orchestrator.chores import add_chore
from millrace.orchestrator.distributor import Distributor
from millrace.orchestrator.engine import Engine
from millrace.orchestrator.keeping import Keeping
from millrace.orchestrator.lease import RedisLease
from millrace.orchestrator.sweep import INTERVAL_S, LEASE_MS, Sweep
from millrace.orchestrator.tasks import Ports, register
from millrace.storage.connect import Stores
from millrace.storage.ports import RunStore
from millrace.worker.part import Part, Result
from millrace.worker.process import WarmUp
from millrace.worker.service import Service, build_service

SHAPE = (3, 4, 1)
"""Parts by stage; a join follows each."""
PARTS = sum(SHAPE)
ARGUMENT = "x" * 1024
"""1 KiB that travels with every part."""
DEADLINE_S = 240.0
"""Far beyond any measurement, so that no run is swept."""
OUTPUT = "quality"
TASK = RATINGS
ENDED = "bench:ended"
"""Redis list to which an ended run's id and status are pushed: how the measuring process learns of it."""


def flow() -> Flow:
    """The flow as data; its last step's output is the run's report."""
    stages = tuple(
        Stage(name=f"stage{number}", budget_s=DEADLINE_S / len(SHAPE), steps=tuple(_steps(number, width)))
        for number, width in enumerate(SHAPE)
    )
    return Flow(
        name="bench-noop", deadline_s=DEADLINE_S, reserve_s=0, report=f"{stages[-1].steps[-1].name}.{OUTPUT}",
        stages=stages,
    )  # fmt: skip


def _steps(stage: int, width: int) -> list[Step]:
    params = {"argument": ARGUMENT}
    return [
        Step(name=f"step{stage}_{number}", task=TASK.name, inputs={"batch": BATCH}, params=params)
        for number in range(width)
    ]


def do_nothing(request: BuildRatings, part: Part) -> Result:
    """Hand the batch on as the step's output."""
    part.artifacts[OUTPUT] = [request.batch]
    return Result()


@dataclass(frozen=True)
class Announcing:
    """A run store that says which runs have ended; everything else is the store's own."""

    store: RunStore | RedisRuns
    redis: Redis

    def replace(self, record: RunRecord) -> RunRecord:
        """See `RunStore`. One Redis push more at the end of a run; the native flow's last task makes the same."""
        written = self.store.replace(record)
        if written.status.terminal:
            self.redis.rpush(ENDED, f"{written.run_id} {written.status.value}")
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def orchestrator(service: Service, runs: RunStore | RedisRuns) -> Celery:
    """The orchestrator's composition root as in production, with this flow and this run store."""
    app, flows = service.app, {flow().name: flow()}
    store = Announcing(runs, service.stores.redis)
    messenger = CeleryMessenger(app)
    keeping = Keeping(store=store, artifacts=service.stores.artifacts)
    joins = Joins(service.joins, app.signer)
    engine = Engine(store=store, joins=joins, messenger=messenger, flows=flows, keeping=keeping)
    distributor = Distributor(app=app, store=store, flows=flows, messenger=messenger, timer=GreenletTimer())
    register(app, Ports(attempts=Attempts(engine=engine), distributor=distributor))
    lease = RedisLease(client=service.stores.redis, key="sweep", milliseconds=LEASE_MS)
    add_chore(app, "sweep", INTERVAL_S, Sweep(engine=engine, store=store, lease=lease).once)
    service.prepare(WarmUp(per_process=lambda: _warm_up(service.stores)))
    return app


def _warm_up(stores: Stores) -> None:
    stores.warm_up("dynamodb")


def orchestration_service() -> Service:
    """What the orchestrator's own `app.py` begins with."""
    return build_service("orchestrator", WorkerClass.ORCHESTRATION)
