"""What a real worker counts is exact, whatever becomes of its children, and can be had at any time."""

import os
import re
import socket
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from millrace.local.process import Process, wait_until
from millrace.testing.workers import PATIENCE_S, Workers

TASKS = 60


@dataclass
class Scraper:
    """Asks the endpoint, as often as wanted."""

    port: int
    broken: list[BaseException] = field(default_factory=list)
    times: int = 0

    def text(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=PATIENCE_S) as answer:
            return str(answer.read().decode())

    def samples(self) -> dict[str, float]:
        """By name and labels, as Prometheus writes them."""
        found = {}
        for family in text_string_to_metric_families(self.text()):
            for each in family.samples:
                labels = ",".join(f"{key}={value}" for key, value in sorted(each.labels.items()))
                found[f"{each.name}{{{labels}}}"] = each.value
        return found

    def total(self, start: str) -> float:
        return sum(value for name, value in self.samples().items() if name.startswith(start))

    def __call__(self, until: threading.Event) -> None:
        while not until.wait(0.01):
            try:
                self.text()
            except BaseException as error:  # whatever it is, the test tells
                self.broken.append(error)
                return
            self.times += 1


@pytest.fixture
def scraper(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Scraper]:
    """Of the workers that are started in this test."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("MILLRACE_METRICS_PORT", str(port))
    monkeypatch.setenv("MILLRACE_MAX_TASKS_PER_CHILD", "7")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield Scraper(port)


def wait_for(scraper: Scraper, worker: Process, start: str, value: float) -> None:
    wait_until(lambda: scraper.total(start) >= value, worker, PATIENCE_S)


def test_every_message_counts_once_though_children_are_replaced_and_killed(
    workers_on_redis: Workers, scraper: Scraper
) -> None:
    # given
    workers = workers_on_redis
    worker = workers.start("prefork", 2)
    enough = threading.Event()
    scrape = threading.Thread(target=scraper, args=(enough,))
    scrape.start()
    # when: each child is replaced after seven tasks, one is killed, and somebody asks all the time
    for number in range(TASKS):
        workers.publish("nap", 0)
        if number == TASKS // 2:
            workers.publish("die")
    workers.wait_for("ended", TASKS + 1)
    wait_for(scraper, worker, "millrace_task_seconds_count", TASKS + 1)
    enough.set()
    scrape.join(PATIENCE_S)
    # then
    assert not scraper.broken
    assert scraper.times > 0
    found = scraper.samples()
    assert found["millrace_task_seconds_count{queue=nlp,status=succeeded,task=nlp.nap}"] == TASKS
    assert found["millrace_task_seconds_count{queue=nlp,status=succeeded,task=nlp.die}"] == 1
    assert found["millrace_workers_lost_total{queue=nlp,reason=sigkill}"] == 1
    assert found["millrace_workers_lost_total{queue=nlp,reason=out_of_memory}"] == 0
    assert found["millrace_task_redeliveries_total{queue=nlp,task=nlp.die}"] == 1
    # What was killed had been begun, and had waited: twice.
    assert found["millrace_task_wait_seconds_count{queue=nlp,task=nlp.nap}"] == TASKS
    assert found["millrace_task_wait_seconds_count{queue=nlp,task=nlp.die}"] == 2
    assert len({event["pid"] for event in workers.events("began")}) > TASKS // 7


def test_a_child_beyond_its_hard_limit_is_counted_with_the_reason(workers_on_redis: Workers, scraper: Scraper) -> None:
    # given
    worker = workers_on_redis.start("prefork", 1)
    # when
    workers_on_redis.publish("cling", 30)
    # then
    wait_for(scraper, worker, "millrace_workers_lost_total{queue=nlp,reason=hard_time_limit}", 1)


def test_a_gevent_worker_answers_while_it_works(workers_on_redis: Workers, scraper: Scraper) -> None:
    # given
    worker = workers_on_redis.start("gevent", 20)
    # when
    workers_on_redis.publish("nap", 3)
    workers_on_redis.publish("nap", 0)
    workers_on_redis.wait_for("ended", 1)
    # then: the other is still at work
    wait_for(scraper, worker, "millrace_task_seconds_count", 1)
    assert len(workers_on_redis.events("ended")) == 1


def test_a_killed_worker_leaves_no_folder_behind_for_longer_than_to_the_next_start(
    workers_on_redis: Workers, scraper: Scraper, tmp_path: Path
) -> None:
    # given
    old = tmp_path / "millrace-metrics.killed"
    old.mkdir()
    (old / "counter_0.db").touch()
    os.utime(old, (0, 0))
    # when
    worker = workers_on_redis.start("prefork", 1)
    # then
    assert not old.exists()
    folders = [each.name for each in tmp_path.iterdir() if re.match("millrace-metrics", each.name)]
    assert len(folders) == 1
    # and when
    worker.stop()
    # then
    assert not list(tmp_path.glob("millrace-metrics.*"))
