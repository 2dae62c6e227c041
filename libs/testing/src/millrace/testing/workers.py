"""Real workers of `nap_app` over a broker of the test's choice, and the ledger of what they did."""

import json
import secrets
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from celery import Celery
from redis import Redis

from millrace.contracts import routing
from millrace.contracts.services import WorkerClass
from millrace.local.process import Process, wait_until
from millrace.local.settings import inherited_whole
from millrace.storage.aws import Clients
from millrace.storage.provision import create_queues
from millrace.testing import nap_app
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.settings import CHILD_ENVIRONMENT, WorkerSettings

PATIENCE_S = 60.0
"""Bounds a hang; nothing is expected to take as long."""
_CLASSES = {"prefork": WorkerClass.TASK, "gevent": WorkerClass.ORCHESTRATION}


@dataclass(kw_only=True)
class Workers:
    """Workers of one test, with a queue that nobody else reads."""

    ledger: "Redis"
    ledger_url: str
    broker_url: str
    folder: Path
    sqs_queue_url: str = ""
    visibility_s: int = 6
    more: dict[str, str] = field(default_factory=dict)
    """More settings of the workers, as environment variables."""
    processes: list[Process] = field(default_factory=list)
    key: str = field(default_factory=lambda: secrets.token_hex(4))
    """Names this test's list of the ledger."""

    def __post_init__(self) -> None:
        self.app: Celery = nap_app.make(self.ledger, self._settings(), WorkerClass.TASK)

    def _settings(self) -> WorkerSettings:
        return WorkerSettings(
            broker_url=self.broker_url, sqs_queue_url=self.sqs_queue_url, visibility_s=self.visibility_s,
            message_secret=MESSAGE_SECRET,
        )  # fmt: skip

    def health(self, number: int = 1) -> Path:
        """The file by which a worker says that it is ready; that it is alive it says in one with the suffix `.live`."""
        return self.folder / f"health-{number}.json"

    def start(self, pool: str, concurrency: int = 2) -> Process:
        """Start a worker and wait until it is ready."""
        number = len(self.processes) + 1
        health = self.health(number)
        environment = CHILD_ENVIRONMENT | {
            "NAP_LEDGER": self.ledger_url, "NAP_KIND": _CLASSES[pool].value, "MILLRACE_BROKER_URL": self.broker_url,
            "MILLRACE_SQS_QUEUE_URL": self.sqs_queue_url, "MILLRACE_VISIBILITY_S": str(self.visibility_s),
            "MILLRACE_CONCURRENCY": str(concurrency), "MILLRACE_HEALTH_FILE": str(health),
            "MILLRACE_MESSAGE_SECRET": MESSAGE_SECRET, **self.more,
        }  # fmt: skip
        command = [
            sys.executable, "-m", "millrace.worker.launch", "millrace.testing.nap_app", "-Q", nap_app.QUEUE,
            "-n", f"nap{number}@%h", "-P", pool, "-c", str(concurrency), "-l", "INFO", "--without-gossip",
            "--without-mingle", "--without-heartbeat",
        ]  # fmt: skip
        process = Process(
            name=f"worker-{number}", command=command, environment=inherited_whole() | environment,
            log=self.folder / f"worker-{number}.log",
        )  # fmt: skip
        process.start()
        self.processes.append(process)
        wait_until(health.exists, process, PATIENCE_S)
        return process

    def kill(self, process: Process) -> float:
        """SIGKILL a worker with its children; returns when, by the wall clock that the ledger uses."""
        at = time.time()
        process.kill()
        return at

    def publish(self, task: str, *arguments: Any) -> None:
        """Publish `nlp.<task>` with this test's key."""
        self.app.signature(f"nlp.{task}", args=[self.key, *arguments], queue=nap_app.QUEUE).apply_async()

    def events(self, what: str = "") -> list[dict[str, Any]]:
        """What this test's tasks wrote, in order; only of one kind when it is named."""
        found = [json.loads(line) for line in self.ledger.lrange(f"ledger:{self.key}", 0, -1)]
        return [event for event in found if event["what"] == what or not what]

    def wait_for(self, what: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until the ledger has so many events of a kind."""
        give_up = time.monotonic() + PATIENCE_S
        while len(found := self.events(what)) < count:
            if time.monotonic() > give_up:
                logs = "\n".join(process.last_lines(40) for process in self.processes)
                raise AssertionError(f"{what!r} never came {count} times: {self.events()}\n{logs}")
            time.sleep(0.02)
        return found

    def wait_for_log(self, process: Process, text: str, count: int = 1) -> None:
        """Wait until a worker has said something so many times."""
        give_up = time.monotonic() + PATIENCE_S
        while process.log.read_text(errors="replace").count(text) < count:
            if time.monotonic() > give_up:
                raise AssertionError(f"{process.name} never said {text!r}\n{process.last_lines(40)}")
            time.sleep(0.02)

    def end_workers(self) -> None:
        """End every worker at once."""
        for process in self.processes:
            process.kill()

    def stop(self) -> None:
        """End everything."""
        self.end_workers()
        self.app.close()


def fresh_queues(clients: Clients, visibility_s: int) -> str:
    """SQS queues without a message in sight or in flight; returns their URL without the name."""
    delete_queues(clients)
    return create_queues(clients, (*routing.QUEUES, routing.UNROUTED), visibility_s)


def delete_queues(clients: Clients) -> None:
    """Leave no SQS queue: who comes next may want them with another timeout."""
    sqs = clients.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", ()):
        sqs.delete_queue(QueueUrl=url)
