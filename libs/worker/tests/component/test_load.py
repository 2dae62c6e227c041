"""A real worker tells its load, and what waits in a real queue is counted, whatever the broker."""

import contextlib
import importlib.util
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis

from millrace.contracts import routing
from millrace.contracts.services import WorkerClass
from millrace.local.process import Process, module
from millrace.local.rabbitmq import rabbitmq_binary, start_rabbitmq
from millrace.local.servers import Server, start_redis
from millrace.local.settings import inherited_whole
from millrace.storage.aws import Clients
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.testing.workers import fresh_queues
from millrace.worker.app import create_app
from millrace.worker.join.store import MemoryJoins
from millrace.worker.load.oldest import NoHeads, heads_of
from millrace.worker.load.queues import Look, QueueState
from millrace.worker.load.store import LoadUnavailable, MemoryLoad, RedisLoad
from millrace.worker.load.waits import BrokerDepths, waits
from millrace.worker.settings import WorkerSettings

HERE = Path(__file__).parent
PATIENCE_S = 60
"""Bounds a hang; nothing is expected to take as long."""


def wait_until(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < give_up, "it never came true"
        time.sleep(0.02)


@pytest.fixture
def app(redis_server: Server) -> Celery:
    spec = importlib.util.spec_from_file_location("load_app", HERE / "load_app.py")
    assert spec is not None and spec.loader is not None
    load_app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(load_app)
    made: Celery = load_app.make(redis_server.url)
    return made


@pytest.fixture(params=["prefork", "gevent"])
def worker(request: pytest.FixtureRequest, redis_server: Server, redis: "Redis", tmp_path: Path) -> Iterator[Process]:
    command = module("celery", "-A", "load_app", "worker", "-Q", "analytics", "-P", request.param, "-c", "3")
    environment = inherited_whole() | {"LOAD_APP_REDIS": redis_server.url, "PYTHONPATH": str(HERE)}
    process = Process(name="worker", command=command, environment=environment, log=tmp_path / "worker.log")
    process.start()
    yield process
    process.stop()


def test_a_worker_tells_its_slots_and_seconds_and_is_missed_when_it_stops(
    app: Celery, worker: Process, redis: "Redis"
) -> None:
    # given
    load = RedisLoad(redis)
    wait_until(lambda: load.slots() == {"analytics": 3})
    # when
    for _ in range(3):
        app.signature("analytics.rest", args=[0.2]).apply_async()
    wait_until(lambda: "analytics" in load.seconds(["analytics"]))
    worker.stop()
    # then: what it last measured is still known
    wait_until(lambda: load.slots() == {})
    assert 0.2 <= load.seconds(["analytics"])["analytics"] < 2
    app.signature("analytics.rest", args=[0.2]).apply_async()
    assert waits(BrokerDepths(app), load, ["analytics"])["analytics"] >= 0.2


@pytest.fixture(params=["redis", "sqs", "amqp"])
def broker(request: pytest.FixtureRequest) -> Iterator[Celery]:
    """An app without workers on each broker."""
    yield from {"redis": _on_redis, "sqs": _on_sqs, "amqp": _on_rabbitmq}[request.param](request)


def _app(broker_url: str, sqs_queue_url: str = "") -> Iterator[Celery]:
    settings = WorkerSettings(message_secret=MESSAGE_SECRET, broker_url=broker_url, sqs_queue_url=sqs_queue_url)
    yield create_app("loads", settings, WorkerClass.HTTP, MemoryJoins())


def _on_redis(request: pytest.FixtureRequest) -> Iterator[Celery]:
    server: Server = request.getfixturevalue("redis_server")
    with Redis.from_url(f"{server.url}/6") as client:
        client.flushdb()
    yield from _app(f"{server.url}/6")


def _on_sqs(request: pytest.FixtureRequest) -> Iterator[Celery]:
    moto: Server = request.getfixturevalue("moto")
    clients: Clients = request.getfixturevalue("clients")
    url = fresh_queues(clients, 20)
    yield from _app(f"sqs://test:test@{moto.url.removeprefix('http://')}", url)
    for queue in routing.QUEUES:
        clients.client("sqs").purge_queue(QueueUrl=f"{url.rstrip('/')}/{queue}")


def _on_rabbitmq(request: pytest.FixtureRequest) -> Iterator[Celery]:
    if rabbitmq_binary() is None:
        pytest.skip("no RabbitMQ on this machine")
    folder: Path = request.getfixturevalue("tmp_path")
    server, mapper = start_rabbitmq(folder, inherited_whole())
    yield from _app(server.url)
    server.stop()
    mapper.stop()


def test_what_waits_in_a_queue_is_counted(broker: Celery) -> None:
    # given
    depths = BrokerDepths(broker)
    before = depths.of(routing.QUEUES)
    # when
    for _ in range(3):
        broker.signature("analytics.kpis", queue="analytics").apply_async()
    after = depths.of(routing.QUEUES)
    depths.close()
    # then
    assert before == dict.fromkeys(routing.QUEUES, 0)
    assert after == before | {"analytics": 3}


def test_the_state_of_a_queue_is_what_waits_there_and_since_when(broker: Celery) -> None:
    # given: all queues were seen empty a moment ago
    ahead = 0.0
    store, depths = MemoryLoad(), BrokerDepths(broker)
    look = Look(depths=depths, store=store, heads=heads_of(broker), clock=lambda: time.time() + ahead)
    assert look.at(["nlp"])["nlp"] == QueueState(depth=0, in_flight=0, slots=0, oldest_s=0.0)
    # when: three messages are sent, and their time passes
    for _ in range(3):
        broker.signature("nlp.annotate", queue="nlp").apply_async()
    broker.signature("nlp.annotate", queue=routing.DEAD_LETTERS).apply_async()
    store.alive("nlp@a", "nlp", 4, 2)
    store.alive("nlp@b", "nlp", 4, 1)
    ahead = 100.0
    states = look.at(["nlp", routing.DEAD_LETTERS])
    depths.close()
    # then
    found = states["nlp"]
    assert (found.depth, found.in_flight, found.slots) == (3, 3, 8)
    assert 100 <= found.oldest_s < 110
    assert states[routing.DEAD_LETTERS].depth == 1


def test_where_the_broker_shows_no_message_the_last_that_was_begun_bounds_the_age(broker: Celery) -> None:
    # given
    ahead = 0.0
    store, depths = MemoryLoad(), BrokerDepths(broker)
    look = Look(depths=depths, store=store, heads=NoHeads(), clock=lambda: time.time() + ahead)
    broker.signature("nlp.annotate", queue="nlp").apply_async()
    # when: nothing is known but that it waits
    first = look.at(["nlp"])["nlp"].oldest_s
    ahead = 50.0
    seen = look.at(["nlp"])["nlp"].oldest_s
    store.began("nlp", time.time() + 30)
    begun = look.at(["nlp"])["nlp"].oldest_s
    depths.close()
    # then
    assert first < 1
    assert 50 <= seen < 60
    assert 20 <= begun < 30


def test_a_worker_tells_what_it_holds(app: Celery, worker: Process, redis: "Redis") -> None:
    # given
    load = RedisLoad(redis)
    wait_until(lambda: load.held() == {"analytics": 0})
    # when
    for _ in range(2):
        app.signature("analytics.rest", args=[3.0]).apply_async()
    # then
    wait_until(lambda: load.held() == {"analytics": 2})
    wait_until(lambda: load.held() == {"analytics": 0})


def test_a_broker_that_is_away_is_unavailable() -> None:
    # given: a port where nobody listens
    depths = BrokerDepths(next(_app("redis://127.0.0.1:1/0")))
    # when / then
    with pytest.raises(LoadUnavailable, match="broker"):
        depths.of(["nlp"])


def test_after_its_connection_was_cut_it_finds_the_broker_again(tmp_path: Path) -> None:
    # given: a server of its own, on which only this test is cut off
    server = start_redis(tmp_path, inherited_whole())
    depths = BrokerDepths(next(_app(f"{server.url}/0")))
    depths.of(["nlp"])
    # when
    with Redis.from_url(server.url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
    with contextlib.suppress(LoadUnavailable):
        depths.of(["nlp"])
    found = depths.of(["nlp"])
    server.stop()
    # then
    assert found == {"nlp": 0}
