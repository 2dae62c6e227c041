"""What is compared: fleets of real workers, and how a run is begun and seen to end."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from celery import Celery
from redis import Redis
from tests.bench import processes
from tests.bench.errors import BenchError
from tests.bench.noop import ARGUMENT, DEADLINE_S, ENDED, TASK, flow
from tests.bench.processes import Worker
from tests.bench.redis_runs import RedisRuns

from millrace.contracts.base import now
from millrace.contracts.catalogue import ADVANCE
from millrace.contracts.messages import Advance
from millrace.contracts.services import WorkerClass
from millrace.local.process import Process
from millrace.storage.aws import Clients
from millrace.storage.connect import connect_runs
from millrace.storage.ports import RunStore
from millrace.storage.settings import StorageSettings
from millrace.testing.factories import run_record
from millrace.worker.app import create_app
from millrace.worker.connection import AMQP
from millrace.worker.join.batching import BatchingCelery
from millrace.worker.join.redis_store import RedisJoins
from millrace.worker.publish import publish
from millrace.worker.settings import WorkerSettings
from millrace.worker.signing import Signer

PATIENCE_S = 60
"""Without any run's end for so long, something is broken."""


class Beginner(Protocol):
    """Begins runs."""

    def begin(self) -> str:
        """Begin a run; returns its id."""


@dataclass(frozen=True)
class Millrace:
    """Runs of the orchestrator: the record first, then its first message, as the ingestion service does."""

    runs: RunStore | RedisRuns
    sender: Celery
    trace: Callable[[], str | None] = lambda: None
    """The trace context with which each run is accepted."""

    def begin(self) -> str:
        """See `Beginner`."""
        at = now()
        record = run_record(
            flow=flow().name, accepted_at=at, deadline_at=at + timedelta(seconds=DEADLINE_S),
            due_at=at + timedelta(seconds=DEADLINE_S), traceparent=self.trace(),
        )  # fmt: skip
        self.runs.create(record)
        message = Advance(**record.head)
        publish(self.sender, ADVANCE, message, f"{record.run_id}:1:start")
        return record.run_id


@dataclass
class Native:
    """Runs of the plain Celery canvas: one message to its first task."""

    app: Celery
    count: int = 0

    def begin(self) -> str:
        """See `Beginner`."""
        self.count += 1
        run = f"native-{self.count}"
        arguments = {"run": run, "argument": ARGUMENT}
        self.app.send_task("bench.start", kwargs=arguments, queue="native", ignore_result=True)
        return run


@dataclass(frozen=True, kw_only=True)
class System:
    """A fleet at work."""

    name: str
    beginner: Beginner
    redis: Redis
    workers: dict[str, Process] = field(default_factory=dict)

    def begin(self) -> str:
        """Begin a run; returns its id."""
        return self.beginner.begin()

    def next_ended(self) -> str:
        """Wait for the next run to end; BenchError when none does, or when it did not complete."""
        for _ in range(PATIENCE_S):
            found: Any = self.redis.blpop([ENDED], timeout=1)
            if found is not None:
                run, status = str(found[1], "ascii").split(" ")
                if status != "completed":
                    raise BenchError(f"{self.name}: {run} ended as {status}")
                return run
            for process in self.workers.values():
                if not process.running:
                    raise BenchError(f"{process.name} died\n{process.last_lines()}")
        ends = "\n".join(process.last_lines(5) for process in self.workers.values())
        raise BenchError(f"{self.name}: no run ended within {PATIENCE_S} s\n{ends}")


@contextmanager
def canvas(name: str, app: str, environment: dict[str, str], folder: Path) -> Iterator[System]:
    """One prefork worker that does everything; `app` decides who joins."""
    worker = Worker(deployment="analytics", app=app, queue="native", level="WARNING")
    # Our join's workers refuse what is not signed; Celery's own do not look.
    sender = BatchingCelery("bench", broker=environment["MILLRACE_BROKER_URL"], set_as_current=False, amqp=AMQP)
    sender.signer = Signer(secrets=(environment["MILLRACE_MESSAGE_SECRET"],))
    with processes.running(name, {"parts": worker}, environment, folder) as workers, sender:
        yield System(name=name, beginner=Native(sender), redis=_ended(environment), workers=workers)


@contextmanager
def millrace(
    logs: str, app: str, environment: dict[str, str], folder: Path, name: str, parts: str = "app_parts"
) -> Iterator[System]:
    """Orchestration, distribution and one prefork worker for the parts; `app` decides the run store.

    `logs` begins the names of the workers' log files; `parts` is the app that carries out the parts.
    """
    fleet = {
        "orchestration": Worker(deployment="orchestrator-orchestration", app=app),
        "distribution": Worker(deployment="orchestrator-distribution", app=app),
        "parts": Worker(deployment=TASK.queue, app=parts),
    }
    redis = _ended(environment)
    known = ("AWS_ENDPOINT_URL", "TABLE", "KMS_KEY_ARN")
    given = {name.lower(): environment[f"MILLRACE_{name}"] for name in known}
    clients = Clients(StorageSettings.model_validate(given), ("local", "local"))
    runs = connect_runs(clients) if app == "app_dynamodb" else RedisRuns(redis)
    settings = WorkerSettings(
        broker_url=environment["MILLRACE_BROKER_URL"], sqs_queue_url=environment["MILLRACE_SQS_QUEUE_URL"],
        message_secret=environment["MILLRACE_MESSAGE_SECRET"],
    )  # fmt: skip
    sender = create_app("bench", settings, WorkerClass.ORCHESTRATION, RedisJoins(redis))
    with processes.running(logs, fleet, environment, folder) as workers, sender, closing(clients):
        yield System(name=name, beginner=Millrace(runs, sender), redis=redis, workers=workers)


def _ended(environment: dict[str, str]) -> Redis:
    return Redis.from_url(environment["MILLRACE_REDIS_URL"])
