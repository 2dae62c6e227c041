"""Spans of real workers of both pools over a real broker, as a real receiver gets them."""

import importlib.util
import json
import secrets
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from celery import chord
from redis import Redis

from millrace.contracts.ids import new_run_id
from millrace.contracts.services import WorkerClass
from millrace.local.process import Process
from millrace.local.servers import Server
from millrace.local.settings import inherited_whole
from millrace.telemetry.export import BARRIER_S
from millrace.testing.otlp import Receiver, Span, receiving
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.settings import CHILD_ENVIRONMENT, WorkerSettings

HERE = Path(__file__).parent
PATIENCE_S = 60
"""Bounds a hang; nothing is expected to take as long."""
OWN = "analytics"
"""Queue of a test's own worker."""
KINDS = {"prefork": WorkerClass.TASK, "gevent": WorkerClass.ORCHESTRATION}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def trace_app() -> ModuleType:
    spec = importlib.util.spec_from_file_location("trace_app", HERE / "trace_app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Bench:
    """A worker, its broker, and a way to send it messages and to get at their spans."""

    def __init__(self, module: ModuleType, redis_url: str, receiver: Receiver, folder: Path) -> None:
        self.redis = Redis.from_url(redis_url, socket_timeout=2 * PATIENCE_S)
        self.receiver, self.folder, self.url = receiver, folder, redis_url
        settings = WorkerSettings(message_secret=MESSAGE_SECRET, broker_url=f"{redis_url}/1")
        self.app: Any = module.make(self.redis, settings, WorkerClass.TASK)

    @contextmanager
    def worker(self, pool: str, queue: str, **more: str) -> Iterator[Process]:
        """A worker of a queue for the length of a block."""
        environment = {
            "TRACE_APP_REDIS": self.url, "TRACE_APP_KIND": KINDS[pool].value, "PYTHONPATH": str(HERE),
            "MILLRACE_BROKER_URL": f"{self.url}/1", "MILLRACE_MESSAGE_SECRET": MESSAGE_SECRET,
            "MILLRACE_OTLP_ENDPOINT": self.receiver.url, **more,
        }  # fmt: skip
        command = [
            sys.executable, "-m", "millrace.worker.launch", "trace_app", "-Q", queue, "-P", pool, "-c", "2",
            "--without-gossip", "--without-mingle", "--without-heartbeat",
        ]  # fmt: skip
        process = Process(
            name="worker", command=command, environment=inherited_whole() | CHILD_ENVIRONMENT | environment,
            log=self.folder / "worker.log",
        )  # fmt: skip
        process.start()
        try:
            yield process
        finally:
            process.stop()

    def send(self, task: str, *, sampled: bool = True, queue: str = "nlp") -> "Sent":
        made = Sent.make(self, "01" if sampled else "00")
        self.signature(task, made, made.run, queue).apply_async()
        return made

    def signature(self, task: str, about: "Sent", task_id: str, queue: str = "nlp") -> Any:
        place = f"00-{about.trace}-{about.stage}-{about.flag}"
        message = {"run_id": about.run, "tenant": "acme", "stage": "s", "traceparent": place}
        named = self.app.signature(f"nlp.{task}", kwargs={"message": message}, immutable=True, queue=queue)
        return named.set(task_id=task_id)


@dataclass(frozen=True)
class Sent:
    """What was sent, and where it is in a trace."""

    bench: Bench
    run: str
    trace: str
    stage: str
    flag: str

    @classmethod
    def make(cls, bench: Bench, flag: str = "01") -> "Sent":
        return cls(bench, new_run_id(), secrets.token_hex(16), secrets.token_hex(8), flag)

    def done(self) -> list[str]:
        """Wait until the task has said so; how long it waited, its retries and its process."""
        found = self.bench.redis.blpop([f"done:{self.run}"], timeout=PATIENCE_S)
        assert found is not None, f"{self.run} was never done"
        text: str = found[1].decode()
        return text.split()

    def spans(self, number: int) -> list[Span]:
        """Its spans by their beginning, once there are so many."""
        give_up = time.monotonic() + PATIENCE_S
        while len(found := self._received()) < number and time.monotonic() < give_up:
            self.bench.receiver.wait_for(1)
            time.sleep(0.01)
        return sorted(found, key=lambda span: (span.start, span.name != f"wait {span.attributes.get('queue')}"))

    def _received(self) -> list[Span]:
        return [span for span in self.bench.receiver.received() if span.trace_id == self.trace]


@pytest.fixture(scope="module")
def bench(
    trace_app: ModuleType, redis_server: Server, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Bench:
    return Bench(trace_app, redis_server.url, receiver, tmp_path_factory.mktemp("spans"))


@pytest.fixture(scope="module", params=["prefork", "gevent"])
def worker(request: pytest.FixtureRequest, bench: Bench) -> Iterator[Process]:
    with bench.worker(request.param, "nlp") as process:
        yield process


def orphans(sent: Sent, spans: list[Span]) -> list[str]:
    known = {span.span_id for span in spans} | {sent.stage}
    return [span.name for span in spans if span.parent_id not in known]


def test_a_message_is_a_wait_below_its_stage_and_its_work_below_that(bench: Bench, worker: Process) -> None:
    # when
    sent = bench.send("work")
    waited, _, _ = sent.done()
    # then
    wait, process, store = sent.spans(3)
    assert [span.name for span in (wait, process, store)] == ["wait nlp", "process nlp.work", "get artifact"]
    assert (wait.parent_id, process.parent_id, store.parent_id) == (sent.stage, wait.span_id, process.span_id)
    assert [span.kind for span in (wait, process, store)] == ["consumer", "consumer", "client"]
    assert wait.end == process.start
    assert (wait.end - wait.start) / 1e9 == pytest.approx(float(waited), abs=1e-5)
    assert {name: process.attributes[name] for name in ("run_id", "tenant", "stage", "queue", "task", "status")} == {
        "run_id": sent.run, "tenant": "acme", "stage": "s", "queue": "nlp", "task": "nlp.work", "status": "succeeded",
    }  # fmt: skip
    assert {span.service for span in (wait, process, store)} == {"nlp"}


def test_a_failed_task_is_an_error_of_a_type_and_says_no_more(bench: Bench, worker: Process) -> None:
    # when
    spans = bench.send("fail").spans(2)
    # then
    assert [(span.name, span.error) for span in spans] == [("wait nlp", False), ("process nlp.fail", True)]
    assert spans[1].attributes["error.type"] == "ValueError"
    assert "eyes" not in repr(spans)


def test_a_message_that_a_task_rejects_is_told_as_that(bench: Bench, worker: Process) -> None:
    # when
    _, process = bench.send("reject").spans(2)
    # then
    assert (process.name, process.attributes["status"], process.error) == ("process nlp.reject", "rejected", False)


def test_a_greenlet_beyond_its_hard_limit_is_broken_off_and_no_child_is_lost(bench: Bench) -> None:
    # given
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with bench.worker("gevent", OWN, MILLRACE_METRICS_PORT=str(port)) as process:
        # when
        sent = bench.send("hang", queue=OWN)
        sent.spans(2)
        bench.send("work", queue=OWN).spans(3)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
            counted = answer.read().decode()
    # then
    spans = sent.spans(2)
    assert [(span.name, span.attributes.get("status"), span.attributes.get("error.type")) for span in spans] == [
        ("wait nlp", None, None), ("process nlp.hang", "broken_off", "broken_off")
    ]  # fmt: skip
    assert 'millrace_task_seconds_count{queue="nlp",status="broken_off",task="nlp.hang"} 1.0' in counted
    assert "millrace_workers_lost_total{" not in counted
    lines = [json.loads(line) for line in process.log.read_text().splitlines() if sent.run in line]
    assert [(line["level"], line["message"], line.get("status"), line.get("reason")) for line in lines] == [
        ("info", "task_ended", "broken_off", None), ("error", "task_failed", None, "TimeLimitExceeded")
    ]  # fmt: skip


def test_a_retry_is_no_error_and_has_spans_of_its_own(bench: Bench, worker: Process) -> None:
    # when
    sent = bench.send("again")
    spans = sent.spans(4)
    # then
    assert [(span.name, span.attributes["retries"], span.attributes.get("status")) for span in spans] == [
        ("wait nlp", 0, None), ("process nlp.again", 0, "retried"),
        ("wait nlp", 1, None), ("process nlp.again", 1, "succeeded"),
    ]  # fmt: skip
    assert [span.error for span in spans] == [False] * 4
    assert spans[2].start > spans[1].start
    assert orphans(sent, spans) == []


def test_what_is_published_at_work_is_below_it_and_a_batch_is_one_span_a_queue(bench: Bench, worker: Process) -> None:
    # when
    sent = bench.send("send")
    spans = sent.spans(5)
    # then
    process = next(span for span in spans if span.name == "process nlp.send")
    sends = {span.name: span.attributes.get("messaging.batch.message_count") for span in spans if "send " in span.name}
    sends.pop("process nlp.send", None)
    assert sends == {"send orchestration": None, "send nlp": 2, "send analytics": 1}
    assert {span.parent_id for span in spans if span.kind == "producer"} == {process.span_id}


def test_parts_tell_their_join_and_the_last_sends_what_joins_them(bench: Bench, worker: Process) -> None:
    # given
    parts, body = Sent.make(bench), Sent.make(bench)
    header = [bench.signature("work", parts, f"{parts.run}:{number}") for number in range(2)]
    # when
    chord(header, bench.signature("work", body, body.run), app=bench.app).apply_async()
    body.done()
    # then: of each part a wait, its work, a store and the join; and one sends
    spans = parts.spans(9)
    assert sorted(span.name for span in spans) == sorted(
        2 * ["wait nlp", "process nlp.work", "get artifact", "add outcome"] + ["send nlp"]
    )
    works = {span.span_id for span in spans if span.name == "process nlp.work"}
    assert {span.parent_id for span in spans if span.name in ("add outcome", "send nlp")} <= works
    assert orphans(parts, spans) == []


def test_a_run_that_was_not_chosen_makes_no_spans_but_its_wait_is_known(bench: Bench, worker: Process) -> None:
    # when
    sent = bench.send("work", sampled=False)
    waited, _, _ = sent.done()
    bench.send("work").spans(3)
    # then
    assert sent.spans(0) == []
    assert float(waited) > 0


def test_the_parent_tells_of_a_killed_child_and_the_redelivery_has_spans_of_its_own(bench: Bench) -> None:
    # given
    with bench.worker("prefork", OWN):
        # when
        sent = bench.send("die", queue=OWN)
        sent.done()
        spans = sent.spans(5)
    # then: nothing is left of what the child had begun
    assert [(span.name, span.attributes.get("status"), span.attributes.get("error.type")) for span in spans] == [
        ("wait nlp", None, None), ("wait nlp", None, None), ("process nlp.die", "lost", "sigkill"),
        ("process nlp.die", "succeeded", None), ("get artifact", None, None),
    ]  # fmt: skip
    assert [span.error for span in spans] == [False, False, True, False, False]
    assert sorted(str(span.attributes.get("redelivered")) for span in spans[:2]) == ["None", "True"]
    assert orphans(sent, spans) == []


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_nothing_is_lost_when_children_are_replaced_and_the_worker_is_told_to_stop(bench: Bench, pool: str) -> None:
    # given: every message has a child of its own
    with bench.worker(pool, OWN, MILLRACE_MAX_TASKS_PER_CHILD="1"):
        # when
        sent = [bench.send("work", queue=OWN) for _ in range(6)]
        for each in sent:
            each.done()
    # then
    assert [len(each.spans(3)) for each in sent] == [3] * 6


def seconds(bench: Bench, messages: int) -> float:
    """How long so many take."""
    began = time.monotonic()
    for each in [bench.send("work", queue=OWN) for _ in range(messages)]:
        each.done()
    return time.monotonic() - began


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_receiver_that_hangs_holds_up_no_work(bench: Bench, pool: str) -> None:
    # given
    messages = 240
    with receiving() as deaf, bench.worker(pool, OWN, MILLRACE_OTLP_ENDPOINT=deaf.url):
        bench.send("work", queue=OWN).done()
        usual = seconds(bench, messages)
        # when
        deaf.hanging.set()
        took = seconds(bench, messages)
    # then: two at a time, each would wait for as long as anybody may, which is six seconds in all
    assert took < 2 * usual + messages / 2 * BARRIER_S / 3
