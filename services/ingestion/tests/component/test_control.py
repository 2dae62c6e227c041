"""Cancel, redrive and what a run shows of its attempts, over in-memory stores and queues."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from millrace.contracts.artifacts import JSON
from millrace.contracts.flow import Flow
from millrace.contracts.ids import new_run_id
from millrace.contracts.run import AttemptRecord, RunRecord, RunStatus
from millrace.ingestion.accept import Acceptance
from millrace.ingestion.adapters import PagePool, ParserPool
from millrace.ingestion.admission import Admission
from millrace.ingestion.app import build
from millrace.ingestion.auth import KeyRing
from millrace.ingestion.control import Control
from millrace.ingestion.ports import Ports
from millrace.ingestion.report_routes import Reports
from millrace.storage.links import ReportLinks
from millrace.storage.memory import MemoryFlows, MemoryRuns, memory_artifacts
from millrace.testing.factories import START, run_record

SECRET = "a secret of the tests, long enough"
AUTH = {"authorization": "Bearer key-1"}
RIVAL = {"authorization": "Bearer key-2"}
FLOW = Flow.model_validate(
    {
        "name": "customer-feedback",
        "report": "r.report",
        "stages": [
            {
                "name": "insight",
                "budget_s": 4,
                "steps": [{"name": "kpis", "task": "analytics.kpis", "join": "quorum(75%)"}],
            },
            {"name": "report", "budget_s": 4, "steps": [{"name": "r", "task": "analytics.report"}]},
        ],
    }
)


@dataclass
class Queues:
    """Keeps what would be published."""

    asked: list[tuple[str, str, int, str]] = field(default_factory=list)
    """What, run id, attempt, and its reason or start."""
    broken: bool = False

    def start(self, record: RunRecord) -> None:
        self._put("start", record, "")

    def cancel(self, record: RunRecord, reason: str) -> None:
        self._put("cancel", record, reason)

    def redrive(self, record: RunRecord, start: str) -> None:
        self._put("redrive", record, start)

    def _put(self, what: str, record: RunRecord, how: str) -> None:
        if self.broken:
            raise ConnectionError("broker away")
        self.asked.append((what, record.run_id, record.attempt, how))


class Quiet:
    """Nobody knows how much waits."""

    def waits(self) -> None:
        return None


class World:
    """An API over one tenant's runs."""

    def __init__(self) -> None:
        self.runs, self.artifacts, self.queues, flows = MemoryRuns(), memory_artifacts(), Queues(), MemoryFlows()
        flows.publish([FLOW])
        acceptance = Acceptance(
            runs=self.runs, flow_store=flows, artifacts=self.artifacts, starter=self.queues, allowed_hosts=frozenset()
        )
        control = Control(runs=self.runs, flows=acceptance.flows, asker=self.queues)
        admission = Admission(runs=self.runs, flows=acceptance.flows, pressure=Quiet())
        links = ReportLinks((SECRET,))
        reports = Reports(runs=self.runs, artifacts=self.artifacts, links=links, painter=PagePool())
        ports = Ports(
            keys=KeyRing({"key-1": "acme", "key-2": "rival"}), runs=self.runs, reports=reports,
            acceptance=acceptance, admission=admission, control=control, reader=ParserPool(), max_body_bytes=1 << 20,
        )  # fmt: skip
        self.api = TestClient(build(ports), raise_server_exceptions=False)

    def run(self, status: RunStatus = RunStatus.RUNNING, **changes: Any) -> str:
        ended = START + timedelta(seconds=4) if status.terminal else None
        record = run_record(status=status, **{"ended_at": ended} | changes)
        self.runs.create(record)
        return record.run_id

    def redriven(self, **changes: Any) -> str:
        """A run whose second attempt is at work; the first ended as partial, with a report."""
        first = AttemptRecord(
            attempt=1, status=RunStatus.PARTIAL, began_at=START, ended_at=START + timedelta(seconds=4),
            report=self.report("first"),
        )  # fmt: skip
        return self.run(attempt=2, history=(first,), began_at=START + timedelta(hours=1), **changes)

    def report(self, text: str) -> Any:
        ref, _ = self.artifacts.put(
            tenant="acme", key=f"{new_run_id()}/report", data=f'"{text}"'.encode(), media_type=JSON,
            schema_name="report/1", durable=True,
        )  # fmt: skip
        return ref

    def post(self, run_id: str, what: str, body: bytes | None = None, headers: dict[str, str] = AUTH) -> Any:
        return self.api.post(f"/v1/runs/{run_id}/{what}", content=body, headers=headers)

    def get(self, path: str) -> Any:
        return self.api.get(f"/v1/runs{path}", headers=AUTH).json()


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.api:
        yield made


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("urn:millrace:problem:")


@pytest.mark.parametrize("body", [None, b"", b"{}", b'{"reason": "a duplicate"}'])
def test_a_cancel_is_passed_on_with_its_attempt(world: World, body: bytes | None) -> None:
    # given
    run_id = world.redriven()
    # when
    answer = world.post(run_id, "cancel", body)
    # then
    links = {"self": f"/v1/runs/{run_id}"}
    assert (answer.status_code, answer.json()) == (
        202, {"run_id": run_id, "attempt": 2, "asked": "cancel", "links": links},
    )  # fmt: skip
    assert world.queues.asked == [("cancel", run_id, 2, "a duplicate" if body and b"dup" in body else "")]


@pytest.mark.parametrize("status", [each for each in RunStatus if each.terminal])
def test_an_ended_run_is_redriven_and_not_cancelled(world: World, status: RunStatus) -> None:
    # given
    run_id = world.run(status)
    # when
    cancelled, redriven = world.post(run_id, "cancel"), world.post(run_id, "redrive")
    # then
    assert problem(cancelled) == (409, "already-ended")
    assert (redriven.status_code, redriven.json()["asked"]) == (202, "redrive")
    assert world.queues.asked == [("redrive", run_id, 1, "failed")]


def test_an_active_run_is_not_redriven_though_an_attempt_has_ended(world: World) -> None:
    for run_id in (world.run(), world.run(RunStatus.ACCEPTED), world.redriven()):
        assert problem(world.post(run_id, "redrive")) == (409, "still-active")
    assert world.queues.asked == []


@pytest.mark.parametrize("start", ["failed", "insight", "kpis", "report", "r"])
def test_a_redrive_begins_at_what_failed_or_at_a_stage_or_step(world: World, start: str) -> None:
    # given
    run_id = world.run(RunStatus.FAILED)
    # when
    answer = world.post(run_id, "redrive", f'{{"from": "{start}"}}'.encode())
    # then
    assert (answer.status_code, world.queues.asked) == (202, [("redrive", run_id, 1, start)])


def test_a_redrive_from_nowhere_is_refused_with_what_there_is(world: World) -> None:
    # when
    answer = world.post(world.run(RunStatus.FAILED), "redrive", b'{"from": "kips"}')
    # then
    assert problem(answer) == (422, "unknown-start")
    assert answer.json()["detail"].endswith("from takes: failed, insight, kpis, report, r")
    assert world.queues.asked == []


def test_a_run_of_a_flow_that_is_gone_can_only_be_redriven_from_what_failed(world: World) -> None:
    # given
    run_id = world.run(RunStatus.FAILED, flow="gone")
    # when / then
    assert problem(world.post(run_id, "redrive", b'{"from": "kpis"}')) == (422, "unknown-start")
    assert world.post(run_id, "redrive").status_code == 202


@pytest.mark.parametrize(
    ("what", "body", "expected"),
    [
        ("cancel", b'{"reason": "' + b"x" * 201 + b'"}', (422, "invalid-parameter")),
        ("cancel", b'{"raeson": "x"}', (422, "invalid-parameter")),
        ("cancel", b"[]", (422, "invalid-parameter")),
        ("redrive", b"{", (422, "invalid-parameter")),
        ("redrive", b'{"start": "kpis"}', (422, "invalid-parameter")),
        ("redrive", b'{"from": 1}', (422, "invalid-parameter")),
        ("redrive", b" " * 4097, (413, "body-too-large")),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_cannot_be_read_is_a_problem_and_asks_for_nothing(
    world: World, what: str, body: bytes, expected: tuple[int, str]
) -> None:
    # given
    run_id = world.run(RunStatus.RUNNING if what == "cancel" else RunStatus.FAILED)
    # when / then
    assert problem(world.post(run_id, what, body)) == expected
    assert world.queues.asked == []


def test_a_reason_of_200_characters_is_taken_whatever_its_bytes(world: World) -> None:
    assert world.post(world.run(), "cancel", ('{"reason": "' + "漢" * 200 + '"}').encode()).status_code == 202


@pytest.mark.parametrize("what", ["cancel", "redrive"])
def test_what_is_nobodys_or_anothers_is_not_found(world: World, what: str) -> None:
    # given
    run_id = world.run(RunStatus.RUNNING if what == "cancel" else RunStatus.FAILED)
    # when / then
    assert problem(world.post(run_id, what, headers=RIVAL)) == (404, "not-found")
    assert problem(world.post(new_run_id(), what)) == (404, "not-found")
    assert problem(world.post("run_x", what)) == (404, "not-found")
    assert problem(world.post(run_id, what, headers={})) == (401, "not-authenticated")
    assert world.queues.asked == []


@pytest.mark.parametrize(("what", "status"), [("cancel", RunStatus.RUNNING), ("redrive", RunStatus.FAILED)])
def test_a_broker_that_is_away_is_told_and_nothing_is_lost_in_silence(
    world: World, what: str, status: RunStatus
) -> None:
    # given
    run_id = world.run(status)
    world.queues.broken = True
    # when
    answer = world.post(run_id, what)
    # then
    assert (problem(answer), answer.headers["retry-after"]) == ((503, "unavailable"), "2")


def test_the_report_is_that_of_the_attempt_that_ended_last_or_of_the_one_asked_for(world: World) -> None:
    # given
    active = world.redriven()
    ended = world.redriven(status=RunStatus.COMPLETED, report=world.report("second"))
    # when / then
    assert world.get(f"/{active}/report") == "first"
    assert world.get(f"/{ended}/report") == "second"
    assert [world.get(f"/{ended}/report?attempt={number}") for number in (1, 2)] == ["first", "second"]
    assert world.get(f"/{active}/report?attempt=2")["status"] == 404
    assert world.get(f"/{active}/report?attempt=0")["status"] == 422


def test_a_run_whose_redrive_is_at_work_is_listed_as_it_ended(world: World) -> None:
    # given
    run_id = world.redriven()
    world.run()
    # when
    listed = world.get("?status=partial")["runs"]
    # then
    assert [(run["run_id"], run["status"], run["redriving"]) for run in listed] == [(run_id, "partial", True)]
    assert [stage["name"] for stage in listed[0]["stages"]] == ["insight", "report"]


def test_a_flow_tells_every_join_policy(world: World) -> None:
    flows = world.api.get("/v1/flows", headers=AUTH).json()["flows"]
    assert [step["join"] for stage in flows[0]["stages"] for step in stage["steps"]] == ["quorum(75%)", "required"]
