"""Attempts: cancelled at once, run again without doing again what stands, amended once by what came late."""

from datetime import timedelta

import pytest
from services.orchestrator.tests.component.world import World

from millrace.contracts.messages import Cancel, Redrive
from millrace.contracts.run import CallbackStatus, RunRecord, RunStatus
from millrace.orchestrator.canvas import join_key
from millrace.orchestrator.errors import Contended, NotDelivered
from millrace.storage.errors import Conflict
from millrace.testing.factories import START

SECOND = timedelta(seconds=1)


def redrive(world: World, start: str = "failed", attempt: int = 1) -> None:
    world.attempts.redrive(Redrive(tenant="acme", run_id=world.run_id, attempt=attempt, start=start))


def running(world: World) -> list[str]:
    return [step.name for step in world.record.stage.steps if step.status is None]


def test_a_cancelled_run_ends_at_once_and_its_parts_find_that_nobody_waits(world: World) -> None:
    # given
    world.run_to("annotate")
    # when
    world.attempts.cancel(Cancel(tenant="acme", run_id=world.run_id, reason="wrong file"))
    # then
    record = world.record
    assert (record.status, record.reason) == (RunStatus.CANCELLED, "wrong file")
    assert world.joins.begin(join_key("acme", world.run_id, 1, "annotate"), "any").closed
    assert world.post.sent[-1] == ("deliver", record.callback.event_id)
    # and a late body moves it no more
    world.advance("annotate")
    assert world.record == record


def test_an_ended_run_is_not_cancelled(world: World) -> None:
    # given
    world.finish()
    # when
    world.attempts.cancel(Cancel(tenant="acme", run_id=world.run_id))
    # then
    assert world.record.status is RunStatus.COMPLETED


def test_a_cancel_that_meets_another_write_is_tried_again(world: World) -> None:
    # given: the record moves between the read and the write
    world.run_to("annotate")

    def moved_on(record: RunRecord) -> RunRecord:
        raise Conflict("somebody was faster")

    world.runs.replace = moved_on
    # when / then
    with pytest.raises(Contended):
        world.attempts.cancel(Cancel(tenant="acme", run_id=world.run_id))


def test_a_failed_run_is_run_again_from_what_failed(world: World) -> None:
    # given
    world.advance()
    world.report_datasets()
    world.joins.clear(join_key("acme", world.run_id, 1, "datasets"))
    world.fail("datasets", "ratings", "bad_input")
    for step, outputs in (("conversations", "units"), ("operations", "tickets")):
        world.report("datasets", step, **{outputs: (world.keep(outputs),)})
    world.report("datasets", "customers")
    world.advance("datasets")
    assert world.record.status is RunStatus.FAILED
    world.delivered()
    # when
    world.at = START + 60 * SECOND
    redrive(world)
    # then
    record = world.record
    assert (record.attempt, record.status, running(world)) == (2, RunStatus.RUNNING, ["ratings"])
    assert record.history[0].status is RunStatus.FAILED
    assert record.deadline_at == START + 70 * SECOND
    assert record.callback.event_id == f"evt_{world.run_id.removeprefix('run_')}_1"
    assert record.stage.steps[0].reused_from == 1


def test_a_redrive_of_a_stage_runs_it_and_what_follows_again(world: World) -> None:
    # given
    world.finish()
    world.delivered()
    # when
    redrive(world, "insight")
    # then
    assert [stage.name for stage in world.record.stages] == ["datasets", "annotate", "insight"]
    assert running(world) == ["topics", "phrases", "summary", "impact", "drivers"]


def test_a_redrive_of_a_step_runs_that_step_and_the_report_only(world: World) -> None:
    # given
    world.finish()
    world.delivered()
    # when
    redrive(world, "kpis")
    # then
    assert running(world) == ["kpis"]
    world.report("annotate", "kpis", kpis=(world.keep("kpis-kpis"),))
    world.advance("annotate")
    assert (world.record.stage.name, running(world)) == ("report", ["report"])


def test_what_stands_is_done_again_when_its_artifacts_are_lost(world: World) -> None:
    # given
    world.finish()
    world.delivered()
    world.lose(world.record.stages[1].steps[0].artifacts["vectors"][0])
    # when
    redrive(world, "report")
    # then
    assert running(world) == ["annotate"]


def test_a_redrive_that_comes_twice_begins_one_attempt(world: World) -> None:
    # given
    world.finish()
    world.delivered()
    # when
    redrive(world)
    redrive(world)
    # then
    assert world.record.attempt == 2


def test_a_redrive_supersedes_a_callback_that_did_not_get_through(world: World) -> None:
    # given
    world.finish()
    # when
    redrive(world, "report")
    # then
    assert world.record.history[0].callback.status is CallbackStatus.SUPERSEDED


def late_run(world: World) -> None:
    """A partial run that was joined without its annotations."""
    world.run_to("annotate")
    world.report("annotate", "kpis", kpis=(world.keep("kpis"),))
    world.report("annotate", "trends", trends=(world.keep("trends"),))
    world.at = world.record.stage.deadline_at
    world.advance("annotate")
    assert world.record.stage.name == "report"
    world.finish()
    assert world.record.status is RunStatus.PARTIAL


def test_a_result_that_comes_late_amends_the_report_once(world: World) -> None:
    # given
    late_run(world)
    world.delivered()
    # when
    world.report("annotate", "annotate", annotations=(world.keep("a"),), vectors=(world.keep("v"),))
    world.attempts.advance(world.message("annotate", attempt=1))
    # then
    record = world.record
    assert (record.attempt, record.stage.name) == (2, "insight")
    assert record.stages[1].steps[0].artifacts["annotations"][0].key.endswith("/a")
    world.finish()
    assert (world.record.status, world.record.gaps) == (RunStatus.COMPLETED, ())
    # and no second time
    world.attempts.advance(world.message("annotate", attempt=1))
    assert world.record.attempt == 2


def test_an_amendment_waits_for_the_callback_before_it(world: World) -> None:
    # given
    late_run(world)
    # when
    world.report("annotate", "annotate", annotations=(world.keep("a"),), vectors=(world.keep("v"),))
    # then
    with pytest.raises(NotDelivered):
        world.attempts.advance(world.message("annotate", attempt=1))


def test_a_result_that_comes_too_late_amends_nothing(world: World) -> None:
    # given
    late_run(world)
    world.delivered()
    world.at = world.record.ended_at + 60 * SECOND
    # when
    world.report("annotate", "annotate", annotations=(world.keep("a"),), vectors=(world.keep("v"),))
    world.attempts.advance(world.message("annotate", attempt=1))
    # then
    assert world.record.attempt == 1
