"""Backpressure over the HTTP API: the queues are real, the workers are not there or are played."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from celery import Celery
from redis import Redis
from services.ingestion.tests.component.world import RIVALS
from services.ingestion.tests.component.world import World as Shared

from millrace.contracts.services import WorkerClass
from millrace.ingestion.adapters import ParserPool
from millrace.ingestion.pressure import MemoryPressure, queue_pressure
from millrace.local.servers import Server
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.app import create_app
from millrace.worker.join.store import MemoryJoins
from millrace.worker.load.store import RedisLoad
from millrace.worker.settings import WorkerSettings

CSV = b"id,review,stars\n1,Lovely and soft,5\n2,Too small,2\n"
RECORDS = [{"record_id": "1", "text": "fine"}]


class World(Shared):
    """An API under a pressure of our choosing."""

    def __init__(self, reader: ParserPool) -> None:
        self.queues = MemoryPressure({"analytics": 12.5})
        super().__init__(reader=reader, pressure=self.queues)

    def put(self, content: bytes = CSV, query: str = "", media_type: str = "text/csv", **headers: str) -> Any:
        return self.submit(content, media_type, query, headers)

    def put_json(self, **document: Any) -> Any:
        return self.put(json.dumps({"records": RECORDS, **document}).encode(), "", "application/json")


@pytest.fixture
def world(reader: ParserPool) -> Iterator[World]:
    made = World(reader)
    with made.client:
        yield made


def test_a_run_that_would_come_too_late_is_refused_with_the_time_to_come_back(world: World) -> None:
    # when
    answer = world.put()
    # then: half of its ten seconds are too little for twelve and a half
    body = answer.json()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "8")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (body["type"], body["status"]) == ("urn:millrace:problem:overloaded", 429)
    assert "in 8 s" in body["detail"]
    assert world.runs.records == {}


def test_a_run_with_a_longer_deadline_is_accepted_meanwhile(world: World) -> None:
    assert world.put(query="?deadline_s=25").status_code == 202
    assert world.put(query="?deadline_s=24").status_code == 429


@pytest.mark.parametrize(("deadline_s", "status"), [(25, 202), (24, 429)])
def test_a_deadline_in_the_body_counts_as_much_as_one_in_the_query(world: World, deadline_s: int, status: int) -> None:
    assert world.put_json(deadline_s=deadline_s).status_code == status


def test_a_body_that_says_nothing_of_its_budget_is_refused_before_it_is_parsed(world: World) -> None:
    # given: neither is a batch
    broken = b'{"records": ['
    # when / then: one of them has to be read to know that
    assert world.put(broken, "", "application/json").status_code == 429
    assert world.put(b'{"deadline_s": 300, "records": [', "", "application/json").status_code == 422


def test_a_short_deadline_in_the_body_is_refused_under_a_wait_that_the_flows_own_allows(world: World) -> None:
    # given
    world.queues.known = {"analytics": 2.0}
    # when / then
    assert (world.put().status_code, world.put_json(deadline_s=3).status_code) == (202, 429)


def test_when_nobody_knows_how_much_waits_everything_is_accepted(world: World) -> None:
    # given
    world.queues.known = None
    # when / then
    assert world.put().status_code == 202


def test_a_request_that_was_accepted_before_gets_its_first_answer_again(world: World) -> None:
    # given
    calm: Mapping[str, float] = {"analytics": 0.0}
    busy, world.queues.known = world.queues.known, calm
    first = world.put(**{"idempotency-key": "k-1"})
    # when
    world.queues.known = busy
    again = world.put(**{"idempotency-key": "k-1"})
    # then
    assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())
    assert world.put(**{"idempotency-key": "k-2"}).status_code == 429
    assert world.put(**{"idempotency-key": "k-1", **RIVALS}).status_code == 429


@pytest.fixture
def broker(redis_server: Server) -> Celery:
    settings = WorkerSettings(message_secret=MESSAGE_SECRET, broker_url=f"{redis_server.url}/7")
    return create_app("ingestion", settings, WorkerClass.HTTP, MemoryJoins())


def test_the_backlog_of_a_stopped_service_is_refused_and_accepted_when_it_has_drained(
    reader: ParserPool, broker: Celery, redis_server: Server, redis: "Redis"
) -> None:
    # given: analytics took an eighth of a second a message until it was stopped
    RedisLoad(redis).took("analytics", 100, 12.5)
    pressure, now = queue_pressure(broker, redis_server.url), 100.0
    pressure.clock = lambda: now
    seen = []
    world = Shared(reader=reader, pressure=pressure)
    with world.client, Redis.from_url(f"{redis_server.url}/7") as queues:
        for _ in range(7):
            answer = world.submit(CSV)
            seen.append((answer.status_code, answer.headers.get("retry-after")))
            # when: ten messages follow from each run, and somebody looks again a while later
            for _ in range(10):
                broker.signature("analytics.kpis", queue="analytics").apply_async()
            now += 10
        queues.delete("analytics")
        drained = world.submit(CSV)
    # then: five seconds of work are forty messages
    assert seen == [(202, None)] * 5 + [(429, "2"), (429, "3")]
    assert drained.status_code == 202
