"""What was asked of a run is done, whatever becomes of the message that tells it."""

import pickle
from dataclasses import replace
from datetime import timedelta

import pytest
from services.orchestrator.tests.component.world import SIGNER, World

from millrace.contracts.messages import Cancel, Redrive
from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import RunStatus
from millrace.orchestrator.canvas import join_key, task_id_of
from millrace.orchestrator.engine import PATIENCE
from millrace.orchestrator.runs import CALLBACK_GRACE
from millrace.testing.factories import artifact, succeeded
from millrace.worker.signing import Signer


class Killed(BaseException):
    """The process ended here."""


@pytest.fixture
def world() -> World:
    return World()


def test_a_cancel_whose_message_is_lost_is_carried_out_by_the_sweep_with_its_reason(world: World) -> None:
    # given
    world.run_to("annotate")
    world.ask("cancel", reason="a duplicate")
    # when
    world.sweep.once()
    # then
    assert (world.record.status, world.record.reason) == (RunStatus.CANCELLED, "a duplicate")
    assert world.record.pending is None


def test_a_message_that_comes_finds_the_reason_in_the_record_and_a_second_one_nothing(world: World) -> None:
    # given
    world.run_to("annotate")
    world.ask("cancel", reason="a duplicate")
    message = Cancel(tenant="acme", run_id=world.run_id)
    # when
    world.attempts.cancel(message)
    ended = world.record
    world.attempts.cancel(message)
    world.sweep.once()
    # then
    assert (ended.status, ended.reason, world.record) == (RunStatus.CANCELLED, "a duplicate", ended)


def test_a_body_that_comes_first_does_not_carry_a_run_on_that_is_to_end(world: World) -> None:
    # given
    world.run_to("report")
    world.report("report", "report", report=(world.keep("report", durable=True),))
    world.ask("cancel")
    # when
    world.advance("report")
    # then
    assert world.record.status is RunStatus.CANCELLED


def test_a_redrive_whose_message_is_lost_begins_with_the_sweep_once(world: World) -> None:
    # given
    world.finish()
    world.delivered()
    world.ask("redrive", "insight")
    # when
    world.sweep.once()
    world.attempts.redrive(Redrive(tenant="acme", run_id=world.run_id, attempt=1, start="insight"))
    world.sweep.once()
    # then
    assert (world.record.attempt, world.record.pending) == (2, None)
    assert world.record.stage is not None and world.record.stage.name == "insight"


def test_a_redrive_survives_a_callback_that_is_reported_meanwhile(world: World) -> None:
    # given
    world.finish()
    world.ask("redrive")
    # when
    world.delivered()
    world.sweep.once()
    # then
    assert world.record.attempt == 2


def test_an_orchestrator_that_is_killed_before_it_writes_leaves_the_ask_to_the_next(world: World) -> None:
    # given
    world.run_to("annotate")
    world.ask("cancel", reason="a duplicate")
    replace = world.runs.replace

    def die(record: object) -> None:
        raise Killed

    world.runs.replace = die  # type: ignore[assignment,method-assign]
    with pytest.raises(Killed):
        world.attempts.cancel(Cancel(tenant="acme", run_id=world.run_id))
    world.runs.replace = replace  # type: ignore[method-assign]
    # when
    world.sweep.once()
    # then
    assert (world.record.status, world.record.reason) == (RunStatus.CANCELLED, "a duplicate")


def test_a_release_that_asked_by_message_alone_is_still_heard(world: World) -> None:
    # given
    world.run_to("annotate")
    # when
    world.attempts.cancel(Cancel(tenant="acme", run_id=world.run_id, reason="the wrong file"))
    # then
    assert world.record.reason == "the wrong file"


def test_a_redrive_of_a_flow_that_nobody_knows_any_more_is_given_up_at_last(world: World) -> None:
    # given
    world.finish()
    world.delivered()
    world.ask("redrive")
    world.engine.flows.clear()
    # when
    world.sweep.once()
    waiting = world.record
    world.at += PATIENCE + timedelta(seconds=1)
    world.sweep.once()
    # then
    assert waiting.pending is not None
    assert (world.record.asked, world.record.attempt, world.record.status) == (None, 1, RunStatus.COMPLETED)


def test_a_redrive_that_nobody_can_begin_holds_up_no_callback(world: World) -> None:
    # given
    world.finish()
    world.ask("redrive")
    world.engine.flows.clear()
    world.post.sent.clear()
    # when
    world.sweep.once()
    # then: it is delivered, and not looked at before that may have failed
    assert [sent[0] for sent in world.post.sent] == ["deliver"]
    assert world.record.pending is not None
    assert world.record.due_at == world.at + CALLBACK_GRACE


def test_a_redrive_that_nobody_can_begin_is_looked_at_now_and_then(world: World) -> None:
    # given
    world.finish()
    world.delivered()
    world.ask("redrive")
    world.engine.flows.clear()
    # when
    world.sweep.once()
    # then
    assert world.record.due_at == world.at + CALLBACK_GRACE


@pytest.mark.parametrize("forger", [None, Signer(secrets=("s" * 32,))], ids=["unsigned", "badly signed"])
def test_an_outcome_that_no_part_of_ours_signed_is_a_failed_part_and_published_again(
    world: World, forger: Signer | None, caplog: pytest.LogCaptureFixture
) -> None:
    # given: of a step without which the run fails
    world.advance()
    world.report("datasets", "conversations", units=(artifact("u"),))
    world.report("datasets", "customers")
    world.report("datasets", "operations", tickets=(artifact("t"),))
    key, task = join_key("acme", world.run_id, 1, "datasets"), task_id_of(world.run_id, 1, "datasets", "ratings.0")
    made_up = succeeded("ratings", 0, ratings=(artifact("x"),)).model_dump_json()
    world.joins.add(key, task, forger.sign_outcome(key, task, made_up) if forger else made_up)
    # when
    world.advance("datasets")
    # then
    assert world.post.sent[-1] == ("fan_out", "datasets", "ratings.0")
    assert world.joins.begin(key, task).value is None
    assert "outcome_refused" in caplog.text


def test_an_outcome_of_another_part_or_run_and_a_part_that_is_none_are_refused(world: World) -> None:
    # given
    world.advance()
    key, other = join_key("acme", world.run_id, 1, "datasets"), join_key("acme", "run_other", 1, "datasets")
    good = succeeded("ratings", 0).model_dump_json()
    moved, task = task_id_of(world.run_id, 1, "datasets", "ratings.1"), f"{world.run_id}:1:datasets:ratings.0"
    world.joins.add(key, moved, SIGNER.sign_outcome(key, task, good))
    world.joins.add(key, task, SIGNER.sign_outcome(other, task, good))
    world.joins.add(key, "nonsense", "{}")
    # when
    found = world.engine.joins.outcomes(world.record, "datasets")
    # then
    assert {part: (each.ok, each.reason and each.reason.detail) for part, each in found.items()} == {
        "ratings.1": (False, "bad_signature"), "ratings.0": (False, "bad_signature"), "nonsense": (False, "unsigned"),
    }  # fmt: skip


def test_while_an_old_release_runs_what_it_did_not_sign_is_taken(world: World) -> None:
    # given
    world.advance()
    key, task = join_key("acme", world.run_id, 1, "datasets"), task_id_of(world.run_id, 1, "datasets", "ratings.0")
    world.joins.add(key, task, succeeded("ratings", 0).model_dump_json())
    lenient = replace(world.engine.joins, signer=replace(SIGNER, accept_unsigned=True))
    # when / then
    assert lenient.outcomes(world.record, "datasets")["ratings.0"].ok


def test_a_join_that_holds_a_pickle_is_read_as_a_part_that_failed(world: World) -> None:
    # given: Redis holds what no part of ours wrote
    world.run_to("annotate")
    task = task_id_of(world.run_id, 1, "annotate", "annotate.0")
    for value in (pickle.dumps({"status": "succeeded"}).decode("latin-1"), "[1]", "nope"):
        key = join_key("acme", world.run_id, 1, "annotate")
        world.joins.drop(key, [task])
        world.joins.add(key, task, SIGNER.sign_outcome(key, task, value))
        # when
        found = world.engine.joins.outcomes(world.record, "annotate")["annotate.0"]
        # then
        assert found.status is OutcomeStatus.FAILED
