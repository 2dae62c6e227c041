"""Where a run's time went, over HTTP: next to the tenant's other runs of the flow, as JSON or as a page."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from services.ingestion.tests.component.world import AUTH, RIVAL, RIVALS, World

from millrace.contracts.ids import run_id_at
from millrace.contracts.journey import RunJourney
from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import AttemptRecord, PartRecord, RunRecord, RunStatus, StageRecord, StepRecord
from millrace.ingestion.journey_routes import Journeys
from millrace.storage.memory import MemoryRuns
from millrace.testing.factories import START, run_record

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def record(number: int, compute_s: float = 0.5, **changes: Any) -> RunRecord:
    """A run of one part."""
    ended = START + s(0.2 + compute_s)
    part = PartRecord(
        part=0, status=OutcomeStatus.SUCCEEDED, published_at=START + s(0.1), sent_at=START + s(0.1),
        started_at=START + s(0.2), ended_at=ended, cpu_s=compute_s,
    )  # fmt: skip
    step = StepRecord(
        name="annotate", task="nlp.annotate", task_version=1, required=True, planned=1, parts=(part,),
        status=OutcomeStatus.SUCCEEDED,
    )  # fmt: skip
    stage = StageRecord(
        name="annotate", started_at=START + s(0.05), deadline_at=START + s(9), joined_at=ended, steps=(step,)
    )
    given: dict[str, Any] = {
        "run_id": run_id_at(START + s(number)), "status": RunStatus.COMPLETED, "stages": (stage,), "ended_at": ended,
        "due_at": None,
    }  # fmt: skip
    return run_record(**(given | changes))


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.client:
        yield made


def ask(world: World, run: RunRecord, query: str = "", **headers: str) -> Any:
    return world.client.get(f"/v1/runs/{run.run_id}/journey{query}", headers=AUTH | headers)


def test_a_slow_run_is_told_next_to_the_others_of_its_tenant(world: World) -> None:
    # given: others before it and after it, and a rival's
    slow = record(10, compute_s=3.5)
    for each in (slow, *(record(number) for number in (1, 2, 11, 12))):
        world.runs.create(each)
    for number in range(20, 30):
        world.runs.create(record(number, compute_s=9, tenant=RIVAL))
    # when
    found = RunJourney.model_validate_json(ask(world, slow).content)
    # then
    assert (found.normal.runs, found.ended, found.attempt) == (4, True, 1)
    assert found.causes[0].text == (
        "nlp was slow: annotate computed for 3.5 s; 0.50 s is normal (median of 4 runs)"
    )  # fmt: skip


def test_a_browser_gets_a_page_that_is_sealed(world: World) -> None:
    # given
    run = record(1)
    world.runs.create(run)
    # when
    page = ask(world, run, **BROWSER)
    # then
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.startswith("<!doctype html>") and run.run_id in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_an_earlier_attempt_is_told_as_far_as_it_is_known(world: World) -> None:
    # given
    history = (AttemptRecord(attempt=1, status=RunStatus.FAILED, began_at=START, ended_at=START + s(2)),)
    run = record(1, attempt=2, history=history, began_at=START)
    world.runs.create(run)
    # when
    answers = [ask(world, run, f"?attempt={number}") for number in (1, 2, 3)]
    # then
    assert [each.status_code for each in answers] == [200, 200, 404]
    assert [each.json()["attempt"] for each in answers[:2]] == [1, 2]
    assert ask(world, run, "?attempt=0").status_code == 422


def test_a_run_that_is_only_accepted_is_told_so_far(world: World) -> None:
    # given
    run = record(1, status=RunStatus.ACCEPTED, stages=(), ended_at=None)
    world.runs.create(run)
    # when
    found = ask(world, run).json()
    # then
    assert (found["ended"], found["path"][-1]["queue"]) == (False, "orchestration")
    assert world.client.get(f"/v1/runs/{run.run_id}/journey", headers=RIVALS).status_code == 404


def test_looking_for_others_ends_when_it_takes_too_long() -> None:
    # given: a store in which each run takes a tenth of a second to read
    runs, ticks = MemoryRuns(), iter(range(10_000))
    for number in range(1, 60):
        runs.create(record(number))
    journeys = Journeys(runs=runs, clock=lambda: START, timer=lambda: next(ticks) / 10)
    # when
    found = journeys.find("acme", record(59).run_id, None)
    # then
    assert 0 < found.normal.runs <= 4
