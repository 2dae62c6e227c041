"""Cancel, redrive and what a run shows of its attempts, over in-memory stores and queues."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from services.ingestion.tests.component.world import AUTH, RIVALS
from services.ingestion.tests.component.world import World as Shared

from millrace.contracts.flow import Flow
from millrace.contracts.ids import new_run_id
from millrace.contracts.run import AttemptRecord, RunRecord, RunStatus
from millrace.testing.factories import START, run_record

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


class World(Shared):
    """An API over one tenant's runs."""

    def __init__(self) -> None:
        super().__init__(flow=FLOW)

    @property
    def asked(self) -> list[tuple[str, str, int, str]]:
        """What, run id, attempt, and its reason or start."""
        return [(what, record.run_id, record.attempt, how) for what, record, how in self.post.sent]

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

    def ask(self, run_id: str, what: str, body: bytes | None = None, headers: dict[str, str] = AUTH) -> Any:
        return self.client.post(f"/v1/runs/{run_id}/{what}", content=body, headers=headers)

    def get(self, path: str) -> Any:
        return self.client.get(f"/v1/runs{path}", headers=AUTH).json()


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.client:
        yield made


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("urn:millrace:problem:")


@pytest.mark.parametrize("body", [None, b"", b"{}", b'{"reason": "a duplicate"}'])
def test_a_cancel_is_passed_on_with_its_attempt(world: World, body: bytes | None) -> None:
    # given
    run_id = world.redriven()
    # when
    answer = world.ask(run_id, "cancel", body)
    # then
    links = {"self": f"/v1/runs/{run_id}"}
    assert (answer.status_code, answer.json()) == (
        202, {"run_id": run_id, "attempt": 2, "asked": "cancel", "links": links},
    )  # fmt: skip
    assert world.asked == [("cancel", run_id, 2, "a duplicate" if body and b"dup" in body else "")]


@pytest.mark.parametrize("status", [each for each in RunStatus if each.terminal])
def test_an_ended_run_is_redriven_and_not_cancelled(world: World, status: RunStatus) -> None:
    # given
    run_id = world.run(status)
    # when
    cancelled, redriven = world.ask(run_id, "cancel"), world.ask(run_id, "redrive")
    # then
    assert problem(cancelled) == (409, "already-ended")
    assert (redriven.status_code, redriven.json()["asked"]) == (202, "redrive")
    assert world.asked == [("redrive", run_id, 1, "failed")]


def test_an_active_run_is_not_redriven_though_an_attempt_has_ended(world: World) -> None:
    for run_id in (world.run(), world.run(RunStatus.ACCEPTED), world.redriven()):
        assert problem(world.ask(run_id, "redrive")) == (409, "still-active")
    assert world.asked == []


@pytest.mark.parametrize("start", ["failed", "insight", "kpis", "report", "r"])
def test_a_redrive_begins_at_what_failed_or_at_a_stage_or_step(world: World, start: str) -> None:
    # given
    run_id = world.run(RunStatus.FAILED)
    # when
    answer = world.ask(run_id, "redrive", f'{{"from": "{start}"}}'.encode())
    # then
    assert (answer.status_code, world.asked) == (202, [("redrive", run_id, 1, start)])


def test_a_redrive_from_nowhere_is_refused_with_what_there_is(world: World) -> None:
    # when
    answer = world.ask(world.run(RunStatus.FAILED), "redrive", b'{"from": "kips"}')
    # then
    assert problem(answer) == (422, "unknown-start")
    assert answer.json()["detail"].endswith("from takes: failed, insight, kpis, report, r")
    assert world.asked == []


def test_a_run_of_a_flow_that_is_gone_can_only_be_redriven_from_what_failed(world: World) -> None:
    # given
    run_id = world.run(RunStatus.FAILED, flow="gone")
    # when / then
    assert problem(world.ask(run_id, "redrive", b'{"from": "kpis"}')) == (422, "unknown-start")
    assert world.ask(run_id, "redrive").status_code == 202


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
    assert problem(world.ask(run_id, what, body)) == expected
    assert world.asked == []


def test_a_reason_of_200_characters_is_taken_whatever_its_bytes(world: World) -> None:
    assert world.ask(world.run(), "cancel", ('{"reason": "' + "漢" * 200 + '"}').encode()).status_code == 202


@pytest.mark.parametrize("what", ["cancel", "redrive"])
def test_what_is_nobodys_or_anothers_is_not_found(world: World, what: str) -> None:
    # given
    run_id = world.run(RunStatus.RUNNING if what == "cancel" else RunStatus.FAILED)
    # when / then
    assert problem(world.ask(run_id, what, headers=RIVALS)) == (404, "not-found")
    assert problem(world.ask(new_run_id(), what)) == (404, "not-found")
    assert problem(world.ask("run_x", what)) == (404, "not-found")
    assert problem(world.ask(run_id, what, headers={})) == (401, "not-authenticated")
    assert world.asked == []


@pytest.mark.parametrize(("what", "status"), [("cancel", RunStatus.RUNNING), ("redrive", RunStatus.FAILED)])
def test_what_is_asked_while_the_broker_is_away_stands_in_the_record_which_is_due(
    world: World, what: str, status: RunStatus
) -> None:
    # given
    run_id = world.run(status)
    world.post.broken = True
    # when
    answer, again = world.ask(run_id, what), world.ask(run_id, what)
    # then
    record = world.runs.get("acme", run_id)
    assert (answer.status_code, again.status_code, again.json()) == (202, 202, answer.json())
    assert record.pending is not None and (record.pending.what, record.pending.attempt) == (what, 1)
    assert record.due_at is not None and record.due_at <= record.pending.at
    assert world.get(f"/{run_id}")["asked"] == what


def test_what_is_asked_while_others_write_is_asked_of_what_they_wrote(world: World) -> None:
    # given: a run that moves on between an ask's look and its write
    run_id = world.run()
    replace, moved = world.runs.replace, list[RunRecord]()

    def slow(record: RunRecord) -> RunRecord:
        if not moved:
            moved.append(replace(world.runs.get("acme", run_id).model_copy(update={"records": 7})))
        return replace(record)

    world.runs.replace = slow  # type: ignore[method-assign]
    # when
    answer = world.ask(run_id, "cancel", b'{"reason": "a duplicate"}')
    # then
    record = world.runs.get("acme", run_id)
    assert (answer.status_code, record.records) == (202, 7)
    assert record.pending is not None and record.pending.reason == "a duplicate"


def test_a_run_that_ends_while_it_is_cancelled_is_said_to_have_ended(world: World) -> None:
    # given
    run_id = world.run()
    replace = world.runs.replace

    def ended(record: RunRecord) -> RunRecord:
        world.runs.replace = replace  # type: ignore[method-assign]
        done = world.runs.get("acme", run_id).model_copy(update={"status": RunStatus.COMPLETED, "due_at": None})
        replace(done)
        return replace(record)

    world.runs.replace = ended  # type: ignore[method-assign]
    # when / then
    assert problem(world.ask(run_id, "cancel")) == (409, "already-ended")
    assert world.runs.get("acme", run_id).pending is None and world.asked == []


@pytest.mark.parametrize("what", ["cancel", "redrive"])
def test_an_ask_that_is_done_before_its_write_is_answered_was_taken(world: World, what: str) -> None:
    # given: a store whose client tries again a write whose answer was lost, after the orchestrator did what it asks
    run_id = world.run(RunStatus.FAILED if what == "redrive" else RunStatus.RUNNING)
    replace = world.runs.replace

    def lost(record: RunRecord) -> RunRecord:
        world.runs.replace = replace  # type: ignore[method-assign]
        done: dict[str, Any] = {"status": RunStatus.CANCELLED} if what == "cancel" else {"attempt": 2}
        replace(replace(record).model_copy(update={"status": RunStatus.RUNNING} | done))
        return replace(record)

    world.runs.replace = lost  # type: ignore[method-assign]
    # when
    answer = world.ask(run_id, what)
    # then
    assert (answer.status_code, answer.json()["attempt"]) == (202, 1)
    assert world.asked == []


def test_another_redrive_than_the_one_that_was_asked_for_is_refused(world: World) -> None:
    # given
    run_id = world.run(RunStatus.FAILED)
    world.ask(run_id, "redrive", b'{"from": "report"}')
    # when / then
    assert problem(world.ask(run_id, "redrive", b'{"from": "kpis"}')) == (409, "still-active")
    assert world.ask(run_id, "redrive", b'{"from": "report"}').status_code == 202


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
    flows = world.client.get("/v1/flows", headers=AUTH).json()["flows"]
    assert [step["join"] for stage in flows[0]["stages"] for step in stage["steps"]] == ["quorum(75%)", "required"]
