"""What real workers of both pools tell a fluentd and a Sentry of their messages."""

import importlib.util
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from millrace.contracts.services import WorkerClass
from millrace.local.process import Process, wait_until
from millrace.local.servers import Server
from millrace.local.settings import inherited_whole
from millrace.testing.fluentd import Entry, Fluentd
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.testing.sentry import Sentry

HERE = Path(__file__).parent
PERSONAL = "ann.smith@example.com"
PATIENCE_S = 60.0
NLP = "nlp"
OWN = "analytics"
"""Queue of a worker that one test starts."""
CLASSES = {"prefork": WorkerClass.TASK, "gevent": WorkerClass.ORCHESTRATION}


@pytest.fixture(scope="module")
def fluentd() -> Iterator[Fluentd]:
    with Fluentd() as server:
        yield server


@pytest.fixture(scope="module")
def sentry() -> Iterator[Sentry]:
    with Sentry() as server:
        yield server


@pytest.fixture(scope="module")
def start(
    redis_server: Server, fluentd: Fluentd, sentry: Sentry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, str], Process]]:
    """Starts a worker of a pool and of a queue that is ready, with one child."""
    started: list[Process] = []

    def begin(pool: str, queue: str) -> Process:
        folder = tmp_path_factory.mktemp(pool)
        health = folder / "health.json"
        environment = inherited_whole() | {
            "MILLRACE_EVENTS_REDIS": redis_server.url, "MILLRACE_EVENTS_KIND": CLASSES[pool].value,
            "MILLRACE_FLUENTD": fluentd.address, "MILLRACE_SENTRY_DSN": sentry.dsn, "MILLRACE_RELEASE": "7",
            "MILLRACE_ENVIRONMENT": "tests", "MILLRACE_MESSAGE_SECRET": MESSAGE_SECRET, "MILLRACE_VISIBILITY_S": "5",
            "MILLRACE_BROKER_URL": f"{redis_server.url}/6", "MILLRACE_CONCURRENCY": "1", "PYTHONPATH": str(HERE),
            "MILLRACE_HEALTH_FILE": str(health),
        }  # fmt: skip
        command = [
            sys.executable, "-m", "millrace.worker.launch", "events_app", "-Q", queue, "-n", f"{pool}@%h", "-P", pool,
            "-c", "1", "-l", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat",
        ]  # fmt: skip
        process = Process(name=pool, command=command, environment=environment, log=folder / "worker.log")
        process.start()
        started.append(process)
        wait_until(health.exists, process, PATIENCE_S)
        return process

    yield begin
    for process in started:
        process.stop()


@pytest.fixture(scope="module", params=["prefork", "gevent"])
def worker(request: pytest.FixtureRequest, start: Callable[[str, str], Process]) -> Iterator[Process]:
    process = start(request.param, NLP)
    yield process
    process.stop()


@pytest.fixture(scope="module")
def app(redis_server: Server) -> Iterator[Celery]:
    spec = importlib.util.spec_from_file_location("events_app", HERE / "events_app.py")
    assert spec is not None and spec.loader is not None
    events_app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(events_app)
    made: Celery = events_app.make(redis_server.url, WorkerClass.TASK)
    yield made
    made.close()


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message that was sent, and what is told of it."""

    run_id: str
    trace_id: str
    fluentd: Fluentd
    sentry: Sentry

    def lines(self, action: str) -> list[dict[str, Any]]:
        return [each.line for each in self._of_this_run(self.fluentd.entries(action))]

    def wait_for(self, action: str) -> dict[str, Any]:
        """The line of this message; others may be told of meanwhile."""
        count = 1
        while not (found := self.lines(action)):
            self.fluentd.wait_for(action, count)
            count = len(self.fluentd.entries(action)) + 1
        return found[0]

    def wait_for_report(self, action: str) -> dict[str, Any]:
        count = 1
        while not (found := self.reports(action)):
            self.sentry.wait_for(action, count)
            count = len(self.sentry.events(action)) + 1
        return found[0]

    def reports(self, action: str = "") -> list[dict[str, Any]]:
        return [each for each in self.sentry.events(action) if each["tags"].get("run_id") == self.run_id]

    def _of_this_run(self, entries: list[Entry]) -> list[Entry]:
        return [each for each in entries if each.line.get("run_id") == self.run_id]


@pytest.fixture
def send(app: Celery, fluentd: Fluentd, sentry: Sentry) -> Callable[..., Sent]:
    """Publishes a message to `nlp.<task>`."""

    def publish(task: str, queue: str = NLP) -> Sent:
        run_id, trace_id = f"run_{secrets.token_hex(8)}", secrets.token_hex(16)
        message = {
            "run_id": run_id, "tenant": "acme", "stage": "annotate", "step": "annotate", "part": 3, "attempt": 1,
            "traceparent": f"00-{trace_id}-00f067aa0ba902b7-00", "params": {"who": PERSONAL},
            "inputs": {"units": [{"key": PERSONAL}, {"key": "b"}]},
        }  # fmt: skip
        app.signature(f"nlp.{task}", kwargs={"message": message}, queue=queue).apply_async()
        return Sent(run_id=run_id, trace_id=trace_id, fluentd=fluentd, sentry=sentry)

    return publish


def test_a_message_has_one_line_with_its_run_and_its_end(worker: Process, send: Callable[..., Sent]) -> None:
    # when
    sent = send("work")
    line = sent.wait_for("task_ended")
    # then
    said = {
        "run_id": sent.run_id, "tenant": "acme", "stage": "annotate", "step": "annotate", "part": 3, "attempt": 1,
        "task": "nlp.work", "queue": "nlp", "status": "partial", "reason": "deadline_passed", "retries": 0, "args": 0,
        "trace_id": sent.trace_id, "dd.service": "events", "dd.env": "tests", "dd.version": "7",
    }  # fmt: skip
    assert {name: line[name] for name in said} == said
    assert line["kwargs"]["refs"] == 2
    assert line["duration_s"] >= 0 and line["waited_s"] >= 0 and isinstance(line["redelivered"], bool)
    assert len(sent.lines("task_ended")) == 1
    # and what the task itself says is told with the same fields
    (worked,) = sent.lines("worked")
    assert (worked["step"], worked["trace_id"]) == ("annotate", sent.trace_id)
    assert PERSONAL not in repr(line)


@pytest.mark.parametrize(("task", "action"), [("crash", "task_failed"), ("part_crash", "part_crashed")])
def test_a_crash_is_reported_once_and_log_report_and_message_have_one_trace(
    worker: Process, send: Callable[..., Sent], task: str, action: str
) -> None:
    # when
    sent = send(task)
    report, line = sent.wait_for_report(action), sent.wait_for(action)
    send("work").wait_for("task_ended")
    # then
    assert report["contexts"]["trace"]["trace_id"] == line["trace_id"] == sent.trace_id
    assert report["contexts"]["trace"]["span_id"] == line["span_id"]
    assert {name: report["tags"][name] for name in ("run_id", "stage", "step", "part", "task", "queue")} == {
        "run_id": sent.run_id, "stage": "annotate", "step": "annotate", "part": "3", "task": f"nlp.{task}",
        "queue": "nlp",
    }  # fmt: skip
    assert (report["release"], report["environment"]) == ("7", "tests")
    assert len(sent.reports()) == 1
    assert PERSONAL not in repr(report) + repr(line)


def test_what_is_expected_is_told_and_not_reported(worker: Process, send: Callable[..., Sent]) -> None:
    # when
    bad, again = send("bad"), send("again")
    failed, retried = bad.wait_for("task_failed"), again.wait_for("task_retried")
    ended = again.wait_for("task_ended")
    send("crash").wait_for_report("task_failed")
    # then
    assert (ended["status"], ended["reason"]) == ("retried", "RetryableError")
    assert (failed["level"], failed["reason"], retried["reason"]) == ("warning", "BadInput", "RetryableError")
    assert bad.reports() == again.reports() == []
    assert PERSONAL not in repr(failed) + repr(retried)


def test_what_may_pass_by_itself_is_reported_once_it_was_tried_for_the_last_time(
    worker: Process, send: Callable[..., Sent]
) -> None:
    # when
    sent = send("give_up")
    report, line = sent.wait_for_report("task_failed"), sent.wait_for("task_failed")
    # then
    assert (line["level"], line["reason"], line["trace_id"]) == ("error", "RetryableError", sent.trace_id)
    assert [each["retries"] for each in sent.lines("task_retried")] == [0]
    assert report["tags"]["task"] == "nlp.give_up"
    assert len(sent.reports()) == 1
    assert PERSONAL not in repr(report) + repr(line)


def test_nothing_that_is_raised_is_written_out(worker: Process, send: Callable[..., Sent]) -> None:
    # when
    send("crash").wait_for("task_ended")
    # then
    assert PERSONAL not in worker.log.read_text()


@pytest.mark.parametrize(("task", "reason"), [("die", "sigkill"), ("hang", "hard_time_limit")])
def test_the_parent_tells_of_a_child_that_cannot(
    start: Callable[[str, str], Process], send: Callable[..., Sent], task: str, reason: str
) -> None:
    # given
    process = start("prefork", OWN)
    # when
    sent = send(task, OWN)
    report = sent.wait_for_report("worker_lost")
    line = sent.wait_for("worker_lost")
    process.stop()
    # then
    assert (line["reason"], line["trace_id"]) == (reason, sent.trace_id)
    assert report["contexts"]["trace"]["trace_id"] == sent.trace_id
    assert (report["tags"]["step"], report["tags"]["part"], report["tags"]["task"]) == ("annotate", "3", f"nlp.{task}")
    assert [each["tags"]["action"] for each in sent.reports()] == ["worker_lost"]


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_what_was_said_last_arrives_before_a_worker_ends(
    start: Callable[[str, str], Process], send: Callable[..., Sent], pool: str
) -> None:
    # given
    process = start(pool, OWN)
    sent = [send("crash", OWN) for _ in range(20)]
    sent[-1].wait_for("task_ended")
    # when
    process.stop()
    # then
    assert [len(each.lines("task_ended")) for each in sent] == [1] * 20
    assert [len(each.reports("task_failed")) for each in sent] == [1] * 20
