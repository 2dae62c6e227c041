"""Backpressure over the HTTP API: the queues are real, the workers are not there or are played."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from celery import Celery
from fastapi.testclient import TestClient
from redis import Redis

from millrace.contracts.flow import Flow
from millrace.contracts.run import RunRecord
from millrace.contracts.services import WorkerClass
from millrace.ingestion.accept import Acceptance
from millrace.ingestion.adapters import PagePool, ParserPool
from millrace.ingestion.admission import Admission
from millrace.ingestion.app import build
from millrace.ingestion.auth import KeyRing
from millrace.ingestion.control import Control
from millrace.ingestion.ports import Ports
from millrace.ingestion.pressure import MemoryPressure, QueuePressure, queue_pressure
from millrace.ingestion.report_routes import Reports
from millrace.local.servers import Server
from millrace.storage.links import ReportLinks
from millrace.storage.memory import MemoryFlows, MemoryRuns, memory_artifacts
from millrace.worker.app import create_app
from millrace.worker.join.store import MemoryJoins
from millrace.worker.load.store import RedisLoad
from millrace.worker.settings import WorkerSettings

SECRET = "a secret of the tests, long enough"
AUTH = {"authorization": "Bearer key-1"}
CSV = b"id,review,stars\n1,Lovely and soft,5\n2,Too small,2\n"
RECORDS = [{"record_id": "1", "text": "fine"}]
FLOW = Flow.model_validate(
    {
        "name": "customer-feedback",
        "report": "r.report",
        "stages": [{"name": "one", "budget_s": 5, "steps": [{"name": "r", "task": "analytics.report"}]}],
    }
)


class Post:
    """Takes what is published and passes nothing on."""

    def start(self, record: RunRecord) -> None:
        """A run is accepted."""

    def cancel(self, record: RunRecord, reason: str) -> None:
        """Nobody asks."""

    def redrive(self, record: RunRecord, start: str) -> None:
        """Nobody asks."""


@dataclass
class World:
    """An API under a pressure of our choosing."""

    client: TestClient
    runs: MemoryRuns
    pressure: MemoryPressure

    def post(self, content: bytes = CSV, query: str = "", media_type: str = "text/csv", **headers: str) -> Any:
        given = AUTH | {"content-type": media_type} | headers
        return self.client.post(f"/v1/runs{query}", content=content, headers=given)

    def post_json(self, **document: Any) -> Any:
        return self.post(json.dumps({"records": RECORDS, **document}).encode(), "", "application/json")


@pytest.fixture(scope="module")
def reader() -> Iterator[ParserPool]:
    pool = ParserPool()
    pool.start()
    yield pool
    pool.stop()


def api(reader: ParserPool, runs: MemoryRuns, pressure: MemoryPressure | QueuePressure) -> TestClient:
    flows, artifacts, post = MemoryFlows(), memory_artifacts(), Post()
    flows.publish([FLOW])
    acceptance = Acceptance(
        runs=runs, flow_store=flows, artifacts=artifacts, starter=post, allowed_hosts=frozenset({"127.0.0.1"})
    )
    links = ReportLinks((SECRET,))
    reports = Reports(runs=runs, artifacts=artifacts, links=links, painter=PagePool())
    ports = Ports(
        keys=KeyRing({"key-1": "acme", "key-2": "rival"}), runs=runs, reports=reports, acceptance=acceptance,
        admission=Admission(runs=runs, flows=acceptance.flows, pressure=pressure),
        control=Control(runs=runs, flows=acceptance.flows, asker=post), reader=reader, max_body_bytes=1 << 20,
    )  # fmt: skip
    return TestClient(build(ports))


@pytest.fixture
def world(reader: ParserPool) -> Iterator[World]:
    runs, pressure = MemoryRuns(), MemoryPressure({"analytics": 12.5})
    with api(reader, runs, pressure) as client:
        yield World(client, runs, pressure)


def test_a_run_that_would_come_too_late_is_refused_with_the_time_to_come_back(world: World) -> None:
    # when
    answer = world.post()
    # then: half of its ten seconds are too little for twelve and a half
    body = answer.json()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "8")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (body["type"], body["status"]) == ("urn:millrace:problem:overloaded", 429)
    assert "in 8 s" in body["detail"]
    assert world.runs.records == {}


def test_a_run_with_a_longer_deadline_is_accepted_meanwhile(world: World) -> None:
    assert world.post(query="?deadline_s=25").status_code == 202
    assert world.post(query="?deadline_s=24").status_code == 429


@pytest.mark.parametrize(("deadline_s", "status"), [(25, 202), (24, 429)])
def test_a_deadline_in_the_body_counts_as_much_as_one_in_the_query(world: World, deadline_s: int, status: int) -> None:
    assert world.post_json(deadline_s=deadline_s).status_code == status


def test_a_body_that_says_nothing_of_its_budget_is_refused_before_it_is_parsed(world: World) -> None:
    # given: neither is a batch
    broken = b'{"records": ['
    # when / then: one of them has to be read to know that
    assert world.post(broken, "", "application/json").status_code == 429
    assert world.post(b'{"deadline_s": 300, "records": [', "", "application/json").status_code == 422


def test_a_short_deadline_in_the_body_is_refused_under_a_wait_that_the_flows_own_allows(world: World) -> None:
    # given
    world.pressure.known = {"analytics": 2.0}
    # when / then
    assert (world.post().status_code, world.post_json(deadline_s=3).status_code) == (202, 429)


def test_when_nobody_knows_how_much_waits_everything_is_accepted(world: World) -> None:
    # given
    world.pressure.known = None
    # when / then
    assert world.post().status_code == 202


def test_a_request_that_was_accepted_before_gets_its_first_answer_again(world: World) -> None:
    # given
    calm: Mapping[str, float] = {"analytics": 0.0}
    busy, world.pressure.known = world.pressure.known, calm
    first = world.post(**{"idempotency-key": "k-1"})
    # when
    world.pressure.known = busy
    again = world.post(**{"idempotency-key": "k-1"})
    # then
    assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())
    assert world.post(**{"idempotency-key": "k-2"}).status_code == 429
    assert world.post(**{"idempotency-key": "k-1", "authorization": "Bearer key-2"}).status_code == 429


@pytest.fixture
def broker(redis_server: Server) -> Celery:
    settings = WorkerSettings(broker_url=f"{redis_server.url}/7")
    return create_app("ingestion", settings, WorkerClass.HTTP, MemoryJoins())


def test_the_backlog_of_a_stopped_service_is_refused_and_accepted_when_it_has_drained(
    reader: ParserPool, broker: Celery, redis_server: Server, redis: "Redis"
) -> None:
    # given: analytics took an eighth of a second a message until it was stopped
    RedisLoad(redis).took("analytics", 100, 12.5)
    pressure, now = queue_pressure(broker, redis_server.url), 100.0
    pressure.clock = lambda: now
    seen = []
    with api(reader, MemoryRuns(), pressure) as client, Redis.from_url(f"{redis_server.url}/7") as queues:
        for _ in range(7):
            answer = client.post("/v1/runs", content=CSV, headers=AUTH | {"content-type": "text/csv"})
            seen.append((answer.status_code, answer.headers.get("retry-after")))
            # when: ten messages follow from each run, and somebody looks again a while later
            for _ in range(10):
                broker.signature("analytics.kpis", queue="analytics").apply_async()
            now += 10
        queues.delete("analytics")
        drained = client.post("/v1/runs", content=CSV, headers=AUTH | {"content-type": "text/csv"})
    # then: five seconds of work are forty messages
    assert seen == [(202, None)] * 5 + [(429, "2"), (429, "3")]
    assert drained.status_code == 202
