"""Redis as broker goes away, comes back, or forgets everything: workers and publishers go on."""

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kombu.exceptions import OperationalError
from redis import Redis

from millrace.local.servers import Server, start_redis
from millrace.local.settings import inherited_whole
from millrace.testing.workers import Workers

POOLS = ["prefork", "gevent"]
Record = Callable[[str, object], None]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A broker that may be broken, and its workers; the ledger is on another server."""

    broker: Server
    workers: Workers

    def run(self, key: str) -> float:
        """Publish a task and wait for it; returns when it began."""
        self.workers.key = key
        self.workers.publish("nap", 0)
        return float(self.workers.wait_for("ended")[0]["at"])


@pytest.fixture
def loss(redis_server: Server, redis: "Redis", tmp_path: Path) -> Iterator[Loss]:
    broker = start_redis(tmp_path, inherited_whole())
    workers = Workers(ledger=redis, ledger_url=redis_server.url, broker_url=f"{broker.url}/1", folder=tmp_path)
    yield Loss(broker=broker, workers=workers)
    workers.stop()
    broker.stop()


@pytest.mark.parametrize("pool", POOLS)
def test_a_redis_that_forgot_everything_needs_nobody_to_start_again(loss: Loss, pool: str) -> None:
    # given: a worker that waits, and a publisher that has published
    worker = loss.workers.start(pool)
    loss.run("before")
    # when
    with Redis.from_url(loss.broker.url) as client:
        client.flushall()
    # then
    loss.run("after")
    assert worker.running


@pytest.mark.parametrize("pool", POOLS)
def test_what_a_killed_worker_held_comes_back_though_redis_forgot_its_bindings(loss: Loss, pool: str) -> None:
    # given
    first = loss.workers.start(pool)
    with Redis.from_url(loss.broker.url) as client:
        client.flushall()
    loss.workers.publish("nap", 20)
    loss.workers.wait_for("began")
    # when
    loss.workers.start(pool)
    loss.workers.kill(first)
    # then
    loss.workers.wait_for("began", 2)


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("down_s", [0.2, 4])
def test_a_redis_that_was_killed_is_consumed_from_soon_after_it_is_back(
    loss: Loss, pool: str, down_s: float, record_property: Record
) -> None:
    # given
    worker = loss.workers.start(pool)
    loss.run("before")
    # when
    loss.broker.process.kill()
    time.sleep(down_s)
    loss.broker.start_again()
    back = time.time()
    began = loss.run("after")
    # then
    record_property("seconds_until_consumed", round(began - back, 2))
    assert worker.running


@pytest.mark.parametrize("pool", POOLS)
def test_a_redis_that_does_not_answer_is_not_waited_for_for_ever(loss: Loss, pool: str) -> None:
    # given: longer than a silent connection is believed in
    worker = loss.workers.start(pool)
    loss.run("before")
    # when
    loss.broker.process.send(signal.SIGSTOP)
    loss.workers.wait_for_log(worker, "re-establish the connection")
    loss.broker.process.send(signal.SIGCONT)
    # then
    loss.run("after")
    assert worker.running


def test_a_publisher_is_told_within_seconds_that_there_is_no_broker(loss: Loss) -> None:
    # given
    loss.workers.publish("nap", 0)
    loss.broker.process.kill()
    # when
    began = time.monotonic()
    with pytest.raises(OperationalError):
        loss.workers.publish("nap", 0)
    # then: redis-py's own retries alone would take longer
    assert time.monotonic() - began < 5
