"""What is lost is found: messages, joins, artifacts, and the one record that kills its workers."""

from datetime import timedelta

from services.orchestrator.tests.component.world import World, carried

from millrace.contracts.messages import Slice
from millrace.contracts.outcome import INPUT_LOST, QUARANTINED, SET_ASIDE
from millrace.contracts.run import RunStatus
from millrace.orchestrator import runs
from millrace.orchestrator.canvas import join_key
from millrace.testing.factories import START

SECOND = timedelta(seconds=1)


def test_a_stage_whose_message_was_lost_is_published_again_long_before_its_deadline(world: World) -> None:
    # given
    world.run_to("annotate")
    world.joins.clear(join_key("acme", world.run_id, 1, "annotate"))
    # when
    world.at = START + runs.LOOK
    world.sweep.once()
    # then
    assert world.post.sent[-1] == ("fan_out", "annotate")
    assert world.record.stage.dispatches == 2


def test_a_stage_that_goes_well_is_looked_at_again_later_and_nothing_is_published(world: World) -> None:
    # given
    world.run_to("annotate")
    before = list(world.post.sent)
    # when
    world.at = START + runs.LOOK
    world.sweep.once()
    # then
    assert world.post.sent == before
    assert world.record.due_at == START + 2 * runs.LOOK


def test_artifacts_that_redis_forgot_are_made_again_and_only_those(world: World) -> None:
    # given: the units are gone, the ratings are there
    world.run_to("annotate")
    world.lose(world.record.stages[0].steps[0].artifacts["units"][0])
    world.fail("annotate", "annotate", INPUT_LOST)
    # when
    world.advance("annotate")
    # then
    record = world.record
    assert (record.stage.name, record.recoveries) == ("datasets", 1)
    assert [step.name for step in record.stage.steps if step.status is None] == ["conversations"]
    # and when it is made again, the run goes on and ends whole
    world.finish()
    assert (world.record.status, world.record.gaps) == (RunStatus.COMPLETED, ())


def test_a_run_does_not_go_back_for_ever(world: World) -> None:
    # given
    world.run_to("annotate")
    units = world.record.stages[0].steps[0].artifacts["units"][0]
    # when: they are lost each time
    for _ in range(runs.MAX_RECOVERIES + 1):
        world.lose(units)
        for step in ("annotate", "kpis", "trends"):
            world.fail("annotate", step, INPUT_LOST)
        world.advance("annotate")
        if world.record.stage.name == "datasets":
            world.report("datasets", "conversations", units=(units,))
            world.advance("datasets")
    # then
    assert world.record.recoveries == runs.MAX_RECOVERIES
    assert {gap.step for gap in world.record.gaps} >= {"annotate", "kpis", "trends"}


def test_a_chunk_that_kills_its_workers_is_divided_until_one_record_is_set_aside(world: World) -> None:
    # given
    world.run_to("annotate")
    world.report("annotate", "kpis")
    world.report("annotate", "trends")
    found = {"annotations": (world.keep("annotations"),), "vectors": (world.keep("vectors"),)}
    # when: the bad row is the first one, 500 rows → 63 → 8 → 1
    bad = 0
    for _ in range(3):
        world.fail("annotate", "annotate", QUARANTINED, bad)
        world.advance("annotate")
        step = world.record.stage.steps[0]
        bad = step.planned - 8
        for part in range(bad + 1, step.planned):
            world.report("annotate", "annotate", part, **found)
    # then
    assert [each.rows for each in (step.slices[0], step.slices[8], step.slices[16])] == [63, 8, 1]
    assert step.slices[7] == Slice(chunk=0, start=441, stop=500)
    world.fail("annotate", "annotate", SET_ASIDE, bad)
    world.finish()
    assert world.record.status is RunStatus.PARTIAL
    assert [(gap.step, gap.reason) for gap in world.record.gaps] == [("annotate", "set_aside (1 record)")]
    assert len(world.record.stages[1].steps[0].artifacts["annotations"]) == 7 + 7 + 7


def test_only_the_new_parts_of_a_divided_chunk_are_published(world: World) -> None:
    # given
    world.run_to("annotate")
    # when
    world.fail("annotate", "annotate", QUARANTINED)
    world.advance("annotate")
    # then
    assert world.post.sent[-1] == ("fan_out", "annotate", *(f"annotate.{number}" for number in range(1, 9)))


def test_a_part_that_cannot_be_divided_is_a_gap(world: World) -> None:
    # given
    world.run_to("annotate")
    world.report("annotate", "annotate", annotations=(world.keep("a"),), vectors=(world.keep("v"),))
    world.report("annotate", "trends")
    # when
    world.fail("annotate", "kpis", QUARANTINED)
    world.advance("annotate")
    # then
    assert world.record.stage.name == "insight"
    assert [(gap.step, gap.reason) for gap in world.record.gaps] == [("kpis", "quarantined")]


def test_objects_that_nobody_refers_to_are_deleted_after_an_untidy_end(world: World) -> None:
    # given: a killed part left an object behind
    orphan = world.keep("left-behind", durable=True)
    world.run_to("annotate")
    world.at = START + 7 * SECOND
    world.sweep.once()  # published again, because nothing was heard: untidy
    world.finish()
    world.delivered()
    report = world.record.report
    # when
    world.at = world.record.tidy_at
    world.sweep.once()
    # then
    assert list(world.artifacts.keys_of("acme", world.run_id)) == [report.key]
    assert orphan.key != report.key
    assert (world.record.due_at, world.record.tidy_at) == (None, None)


def test_what_later_steps_work_on_gets_a_second_chance_while_there_is_time_and_the_rest_is_a_gap() -> None:
    # given: as the flow is, in which the run can do without
    world = World(flows=carried())
    world.advance()
    world.report("datasets", "conversations", units=(world.keep("units", rows=5),))
    # when: the ratings' worker died, and the customers' too
    world.at = world.record.stage.deadline_at
    world.advance("datasets")
    # then
    assert world.post.sent[-1] == ("fan_out", "datasets", "ratings.0", "customers.0", "operations.0")
    world.report("datasets", "ratings", ratings=(world.keep("ratings"),))
    world.report("datasets", "operations", tickets=(world.keep("tickets"),))
    world.at = world.record.stage.deadline_at
    world.advance("datasets")
    assert world.record.stage.name == "annotate"
    assert [gap.step for gap in world.record.gaps] == ["customers"]


def test_a_run_that_is_late_gives_no_second_chance() -> None:
    # given
    world = World(flows=carried())
    world.advance()
    world.report("datasets", "conversations", units=(world.keep("units", rows=5),))
    # when
    world.at = START + 6 * SECOND
    world.advance("datasets")
    # then
    assert world.record.stage.name == "annotate"
    assert [gap.step for gap in world.record.gaps][:2] == ["ratings", "customers"]


def test_a_late_run_with_nothing_at_all_is_tried_again_rather_than_ended_without_a_result() -> None:
    # given
    world = World(flows=carried())
    world.advance()
    # when: the deadline is long over, and no dataset came
    world.at = START + 20 * SECOND
    world.advance("datasets")
    # then
    assert world.post.sent[-1][:2] == ("fan_out", "datasets")
    assert world.record.stage.dispatches == 2
