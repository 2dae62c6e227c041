"""The engine over in-memory stores: repeats do nothing, losses are found, every run ends once."""

from dataclasses import replace
from datetime import timedelta

from services.orchestrator.tests.component.world import SIGNER, World

from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import CallbackStatus, RunRecord, RunStatus
from millrace.orchestrator import runs
from millrace.orchestrator.canvas import join_key
from millrace.storage.errors import Shredded
from millrace.storage.memory import MemoryRuns
from millrace.testing.factories import START, artifact, run_record

SECOND = timedelta(seconds=1)


def test_a_start_publishes_the_first_stage_once(world: World) -> None:
    # when
    world.advance()
    world.advance()
    # then
    assert world.post.sent == [("fan_out", "datasets")]
    assert world.record.status is RunStatus.RUNNING


def test_a_body_that_comes_twice_moves_the_run_once(world: World) -> None:
    # given
    world.advance()
    world.report_datasets()
    # when
    world.advance("datasets")
    world.advance("datasets")
    # then
    assert world.post.sent == [("fan_out", "datasets"), ("fan_out", "annotate")]


def test_a_body_that_comes_too_early_does_nothing(world: World) -> None:
    # given
    world.advance()
    before = world.record
    # when
    world.advance("datasets")
    # then
    assert world.record == before


def test_the_sweep_starts_a_run_whose_first_message_was_lost(world: World) -> None:
    # given
    world.at = START + 3 * SECOND
    # when
    assert world.sweep.once() == 1
    # then
    assert world.post.sent == [("fan_out", "datasets")]


def test_the_sweep_joins_a_stage_whose_body_was_lost(world: World) -> None:
    # given
    world.advance()
    world.report_datasets()
    world.at = START + 5 * SECOND
    # when
    world.sweep.once()
    # then
    assert world.post.sent[-1] == ("fan_out", "annotate")


def test_the_sweep_publishes_only_the_parts_that_are_missing(world: World) -> None:
    # given
    world.advance()
    world.report("datasets", "conversations", units=(artifact("u"),))
    world.at = START + 5 * SECOND
    # when
    world.sweep.once()
    # then
    assert world.post.sent[-1] == ("fan_out", "datasets", "ratings.0", "customers.0", "operations.0")


def test_a_run_without_its_required_parts_fails_after_the_last_try_and_says_why(world: World) -> None:
    # given
    world.advance()
    # when: the last try is given longer, for a service that is just coming back
    for second in (5, 10, 15, 24):
        assert world.record.status is RunStatus.RUNNING
        world.at = START + second * SECOND
        world.sweep.once()
    # then
    record = world.record
    assert (record.status, record.reason) == (RunStatus.FAILED, "conversations: deadline_passed")
    assert world.post.sent[-1] == ("deliver", f"evt_{world.run_id.removeprefix('run_')}")


def test_a_required_part_that_timed_out_is_run_again_into_the_same_join(world: World) -> None:
    # given
    world.advance()
    world.report_datasets()
    key = join_key("acme", world.run_id, 1, "datasets")
    task = f"{world.run_id}:1:datasets:ratings.0"
    killed = '{"state": "FAILURE", "error": "TimeLimitExceeded"}'
    world.joins.joins[key].values[task] = SIGNER.sign_outcome(key, task, killed)
    # when
    world.advance("datasets")
    # then
    assert world.post.sent[-1] == ("fan_out", "datasets", "ratings.0")
    world.report("datasets", "ratings", ratings=(artifact("r"),), segments=(artifact("s"),))
    world.advance("datasets")
    assert world.post.sent[-1] == ("fan_out", "annotate")
    (tried,) = world.record.stages[0].tried
    assert (tried.step, tried.part.part, tried.part.status) == ("ratings", 0, OutcomeStatus.TIMED_OUT)


def test_a_body_that_comes_again_publishes_a_stage_that_its_first_reader_died_over(world: World) -> None:
    # given: the record moved on, but the next stage's message was never sent
    world.advance()
    world.report_datasets()
    world.post.loses = True
    world.advance("datasets")
    world.post.sent.clear()
    world.post.loses = False
    # when
    world.advance("datasets")
    # then
    assert world.post.sent == [("fan_out", "annotate")]
    # and once the stage is published, a further repeat does nothing
    world.advance("datasets")
    assert world.post.sent == [("fan_out", "annotate")]


def test_a_stage_of_which_nothing_was_heard_is_published_again_even_if_all_of_it_is_optional(world: World) -> None:
    # given
    world.advance()
    world.report_datasets()
    world.advance("datasets")
    world.at = START + 8 * SECOND
    # when
    world.sweep.once()
    # then
    assert world.post.sent[-1] == ("fan_out", "annotate", "annotate.0", "kpis.0", "trends.0")


def test_a_flushed_join_is_rebuilt_by_publishing_the_stage_again(world: World) -> None:
    # given
    world.advance()
    world.report_datasets()
    world.joins.clear(join_key("acme", world.run_id, 1, "datasets"))
    world.at = START + 5 * SECOND
    # when
    world.sweep.once()
    # then
    assert len(world.post.sent[-1]) == 2 + 4
    world.report_datasets()
    world.advance("datasets")
    assert world.post.sent[-1] == ("fan_out", "annotate")


def test_an_ended_run_never_changes_its_state(world: World) -> None:
    # given
    ended = world.record.model_copy(update={"status": RunStatus.FAILED, "ended_at": START, "due_at": None})
    world.runs.replace(ended)
    # when
    world.advance()
    world.advance("datasets")
    # then
    assert world.record.status is RunStatus.FAILED
    assert world.post.sent == []


def test_a_callback_whose_message_was_lost_is_sent_again_with_the_same_event_id(world: World) -> None:
    # given
    world.runs.replace(world.record.model_copy(update={"status": RunStatus.COMPLETED, "ended_at": START}))
    world.at = START + 5 * SECOND
    # when
    world.sweep.once()
    world.sweep.once()
    # then
    assert world.record.callback is not None
    assert world.record.callback.status is CallbackStatus.PENDING
    assert world.post.sent == [("deliver", world.record.callback.event_id)]


def test_one_broken_run_does_not_stop_the_sweep_of_the_others(world: World) -> None:
    # given
    broken = run_record(flow="nobody-knows", due_at=START)
    world.runs.create(broken)
    world.at = START + 3 * SECOND
    # when
    world.sweep.once()
    # then
    assert world.post.sent == [("fan_out", "datasets")]


def test_a_run_of_a_flow_that_nobody_knows_any_more_fails_with_the_reason(world: World) -> None:
    # given
    orphan = run_record(flow="gone", due_at=START)
    world.runs.create(orphan)
    # when: first another release may still know it, then it is given up
    world.at = START + 60 * SECOND
    world.sweep.once()
    waiting = world.runs.get("acme", orphan.run_id).status
    world.at = START + 400 * SECOND
    world.sweep.once()
    # then
    ended = world.runs.get("acme", orphan.run_id)
    assert (waiting, ended.status) == (RunStatus.ACCEPTED, RunStatus.FAILED)
    # and what it may have left behind is looked for later
    assert ended.due_at == ended.tidy_at == world.at + runs.TIDY_AFTER
    assert ended.reason == "no release knows the flow gone"


def test_a_part_that_celery_killed_is_a_timed_out_part(world: World) -> None:
    # given
    world.advance()
    world.report_datasets()
    key = join_key("acme", world.run_id, 1, "datasets")
    task = f"{world.run_id}:1:datasets:customers.0"
    killed = '{"state": "FAILURE", "error": "TimeLimitExceeded"}'
    world.joins.joins[key].values[task] = SIGNER.sign_outcome(key, task, killed)
    # when
    world.advance("datasets")
    # then
    assert [(gap.step, gap.reason) for gap in world.record.gaps] == [("customers", "hard_time_limit")]


def test_the_sweep_drops_a_run_that_nobody_can_read_any_more(world: World) -> None:
    # given a run that was accepted while its tenant was shredded
    class Unreadable(MemoryRuns):
        def get(self, tenant: str, run_id: str) -> RunRecord:
            raise Shredded("the tenant's data was made unreadable for good")

    store = Unreadable(records=dict(world.runs.records))
    engine = replace(world.engine, store=store)
    world.at += 10 * SECOND
    # when
    sweep = replace(world.sweep, engine=engine, store=store)
    # then it is taken over once and never again
    assert (sweep.once(), sweep.once()) == (1, 0)
