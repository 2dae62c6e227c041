"""Planning: which parts a stage has, with which inputs and how much time."""

from datetime import timedelta

import pytest
from services.orchestrator.tests.component.world import carried, strict

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.flow import Flow
from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import RunRecord
from millrace.orchestrator import runs
from millrace.orchestrator.domain import plan
from millrace.testing.factories import START, artifact, run_record, succeeded

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def flow() -> Flow:
    return carried()["customer-feedback"]


def units(count: int) -> tuple[ArtifactRef, ...]:
    return tuple(artifact(f"units/{number}", "units/1") for number in range(count))


def after_datasets(flow: Flow, chunks: int) -> RunRecord:
    """A run whose first stage is joined with this many chunks of units."""
    begun = runs.start_stage(flow, run_record(), START)
    outcomes = {
        "conversations.0": succeeded("conversations", units=units(chunks), quality=(artifact("q1", "manifest/1"),)),
        "ratings.0": succeeded("ratings", ratings=(artifact("r", "ratings/1"),), quality=(artifact("q2"),)),
        "customers.0": succeeded("customers", customers=(artifact("c"),)),
    }
    return runs.join_stage(flow, begun, outcomes, START + SECOND)


def test_the_first_stage_has_one_part_a_step_and_each_gets_the_batch(flow: Flow) -> None:
    # given
    record = runs.start_stage(flow, run_record(), START)
    # when
    parts = [message for _, message in plan.parts(flow, record, START)]
    # then
    assert [part.step for part in parts] == ["conversations", "ratings", "customers", "operations"]
    assert all(part.inputs == {"batch": (record.batch,)} for part in parts)
    assert parts[0].params == {"max_chunks": 4}


def test_a_mapped_step_has_one_part_a_chunk_and_its_lanes_share_the_time(flow: Flow) -> None:
    # given
    record = after_datasets(flow, chunks=4)
    # when
    parts = [m for _, m in plan.parts(flow, record, START + SECOND) if m.step == "annotate"]
    # then
    assert [part.inputs["units"] for part in parts] == [(unit,) for unit in units(4)]
    assert {(part.part, part.parts) for part in parts} == {(0, 4), (1, 4), (2, 4), (3, 4)}
    assert {part.stage_deadline_at for part in parts} == {record.stage.deadline_at if record.stage else None}
    stage_s = (parts[0].stage_deadline_at - START - SECOND).total_seconds()
    assert parts[0].allowance_s == pytest.approx(stage_s * plan.ALLOWANCE_SHARE / 2)


def test_an_input_that_an_optional_step_did_not_deliver_is_left_out(flow: Flow) -> None:
    # given: operations never reported
    record = after_datasets(flow, chunks=1)
    # when
    kpis = next(m for _, m in plan.parts(flow, record, START + SECOND) if m.step == "kpis")
    # then
    assert kpis.inputs == {"ratings": (artifact("r", "ratings/1"),), "tickets": ()}
    assert [gap.step for gap in record.gaps] == ["operations"]


def test_a_step_whose_needed_input_is_missing_is_skipped_with_a_gap(flow: Flow) -> None:
    # given: nothing was annotated
    record = runs.join_stage(flow, after_datasets(flow, chunks=1), {}, START + 4 * SECOND)
    # then
    assert record.stage is not None and record.stage.name == "report"
    insight = next(stage for stage in record.stages if stage.name == "insight")
    assert {step.status for step in insight.steps} == {OutcomeStatus.SKIPPED}
    assert {gap.reason for gap in record.gaps if gap.step == "topics"} == {"input_missing"}


def test_a_source_of_any_step_gathers_what_all_of_them_wrote(flow: Flow) -> None:
    # given
    record = after_datasets(flow, chunks=1)
    # when
    found = plan.find(record, "*.quality")
    # then
    assert [ref.key for ref in found] == ["q1", "q2"]


def test_the_report_is_told_what_happened_so_far(flow: Flow) -> None:
    # given
    record = runs.join_stage(flow, after_datasets(flow, chunks=1), {}, START + 4 * SECOND)
    # when
    ((_, message),) = plan.parts(flow, record, START + 4 * SECOND)
    # then
    assert message.params["run"]["batch_sha256"] == record.batch.sha256
    assert {gap["step"] for gap in message.params["run"]["gaps"]} >= {"annotate", "topics"}


def test_a_stage_that_begins_late_still_gets_half_its_budget(flow: Flow) -> None:
    # when
    record = runs.start_stage(flow, run_record(), START + timedelta(seconds=60))
    # then
    assert record.stage is not None
    left = (record.stage.deadline_at - record.stage.started_at).total_seconds()
    assert left == pytest.approx(flow.stages[0].budget_s / 2)


def test_the_same_record_gives_the_same_parts(flow: Flow) -> None:
    # given
    record = after_datasets(flow, chunks=3)
    # when / then
    assert list(plan.parts(flow, record, START)) == list(plan.parts(flow, record, START))


def test_a_required_part_is_waited_for_beyond_the_runs_deadline() -> None:
    # given
    flow = strict()["customer-feedback"]
    record = runs.start_stage(flow, run_record(), START)
    # when
    ratings = next(m for _, m in plan.parts(flow, record, START) if m.step == "ratings")
    # then
    assert ratings.stage_deadline_at == record.deadline_at + plan.LATE
