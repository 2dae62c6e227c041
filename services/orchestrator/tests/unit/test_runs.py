"""The run's state machine: what a join decides, and how a run ends."""

from datetime import timedelta

import pytest

from millrace.contracts.flow import Flow
from millrace.contracts.outcome import Outcome, OutcomeStatus, Reason
from millrace.contracts.run import RunStatus
from millrace.orchestrator import runs
from millrace.orchestrator.domain import joining
from millrace.orchestrator.domain.joining import Verdict
from millrace.testing.factories import START, artifact, callback_record, failed, run_record, succeeded

SECOND = timedelta(seconds=1)

FLOW = Flow.model_validate(
    {
        "name": "two",
        "report": "last.report",
        "stages": [
            {
                "name": "first",
                "budget_s": 2,
                "steps": [
                    {"name": "must", "task": "dataset.customers.ratings", "inputs": {"batch": "run.batch"}},
                    {
                        "name": "may", "task": "dataset.customers.customers", "inputs": {"batch": "run.batch"},
                        "join": "optional", "effect": "less to read",
                    },
                ],
            },
            {
                "name": "second",
                "budget_s": 2,
                "steps": [{"name": "last", "task": "analytics.report"}],
            },
        ],
    }
)  # fmt: skip
BOTH = {"must.0": succeeded("must", ratings=(artifact("r"),)), "may.0": succeeded("may")}
REPORT = {"last.0": succeeded("last", report=(artifact("report"),))}


def test_a_stage_waits_for_its_parts_until_its_deadline() -> None:
    # given
    record = runs.start_stage(FLOW, run_record(), START)
    assert record.stage is not None
    # when / then
    assert joining.verdict(record.stage, {}, START + SECOND) is Verdict.WAIT
    assert joining.verdict(record.stage, BOTH, START + SECOND) is Verdict.JOIN


@pytest.mark.parametrize(
    ("there", "dispatches", "expected"),
    [("must.0", 1, Verdict.JOIN), ("may.0", 1, Verdict.DISPATCH_AGAIN), ("may.0", 3, Verdict.JOIN)],
    ids=["only optional missing", "required missing", "required missing for good"],
)
def test_at_the_deadline_only_required_parts_are_worth_another_try(
    there: str, dispatches: int, expected: Verdict
) -> None:
    # given
    record = runs.start_stage(FLOW, run_record(), START)
    assert record.stage is not None
    stage = record.stage.model_copy(update={"dispatches": dispatches})
    # when / then
    assert joining.verdict(stage, {there: BOTH[there]}, START + 3 * SECOND) is expected


@pytest.mark.parametrize(
    ("status", "retryable", "dispatches", "expected"),
    [
        (OutcomeStatus.TIMED_OUT, False, 1, Verdict.DISPATCH_AGAIN),
        (OutcomeStatus.FAILED, True, 2, Verdict.DISPATCH_AGAIN),
        (OutcomeStatus.FAILED, False, 1, Verdict.JOIN),
        (OutcomeStatus.TIMED_OUT, False, 3, Verdict.JOIN),
    ],
    ids=["timed out", "retryable", "permanent", "tried enough"],
)
def test_a_required_part_whose_fault_may_pass_is_tried_again_and_not_failed(
    status: OutcomeStatus, retryable: bool, dispatches: int, expected: Verdict
) -> None:
    # given
    record = runs.start_stage(FLOW, run_record(), START)
    assert record.stage is not None
    stage = record.stage.model_copy(update={"dispatches": dispatches})
    outcome = Outcome(step="must", part=0, status=status, reason=Reason(code="x", retryable=retryable))
    # when / then
    assert joining.verdict(stage, BOTH | {"must.0": outcome}, START + SECOND) is expected


def test_a_run_with_everything_is_completed_and_owes_its_callback() -> None:
    # given
    record = run_record()
    record = runs.start_stage(FLOW, record.model_copy(update={"callback": callback_record(record.run_id)}), START)
    # when
    ended = runs.join_stage(FLOW, runs.join_stage(FLOW, record, BOTH, START), REPORT, START + SECOND)
    # then
    assert (ended.status, ended.gaps, ended.report) == (RunStatus.COMPLETED, (), artifact("report"))
    assert ended.due_at == START + SECOND + runs.CALLBACK_GRACE


def test_a_missing_optional_step_makes_the_run_partial_and_names_the_effect() -> None:
    # given
    record = runs.start_stage(FLOW, run_record(), START)
    # when
    joined = runs.join_stage(FLOW, record, {"must.0": BOTH["must.0"]}, START + 3 * SECOND)
    ended = runs.join_stage(FLOW, joined, REPORT, START + 4 * SECOND)
    # then
    assert ended.status is RunStatus.PARTIAL
    assert [(gap.step, gap.reason, gap.effect) for gap in ended.gaps] == [("may", "deadline_passed", "less to read")]
    assert ended.due_at == ended.ended_at + runs.TIDY_AFTER  # nobody asked for a callback


def test_a_failed_required_step_fails_the_run_with_its_reason() -> None:
    # given
    record = runs.start_stage(FLOW, run_record(), START)
    # when
    ended = runs.join_stage(FLOW, record, BOTH | {"must.0": failed("must")}, START)
    # then
    assert (ended.status, ended.reason, ended.ended_at) == (RunStatus.FAILED, "must: bad_input", START)


def test_a_second_dispatch_gives_the_stage_half_its_budget_again() -> None:
    # given
    record = runs.start_stage(FLOW, run_record(), START)
    # when
    again = runs.dispatch_again(FLOW, record, START + 3 * SECOND)
    # then
    assert again.stage is not None
    assert (again.stage.dispatches, again.stage.deadline_at) == (2, START + 4 * SECOND)


@pytest.mark.parametrize(("vital", "until"), [(True, 15), (False, 4)])
def test_the_last_dispatch_of_what_the_run_cannot_do_without_is_waited_for_longer(vital: bool, until: int) -> None:
    # given
    record = runs.dispatch_again(FLOW, runs.start_stage(FLOW, run_record(), START), START + 2 * SECOND, vital)
    # when
    again = runs.dispatch_again(FLOW, record, START + 3 * SECOND, vital)
    # then
    assert again.stage is not None
    assert (again.stage.dispatches, again.stage.deadline_at) == (3, START + until * SECOND)


def test_a_mapped_step_with_a_lost_part_keeps_what_it_has_and_says_so() -> None:
    # given
    record = runs.start_stage(FLOW, run_record(), START)
    assert record.stage is not None
    may = record.stage.steps[1].model_copy(update={"planned": 2})
    stage = record.stage.model_copy(update={"steps": (record.stage.steps[0], may)})
    # when
    joined = joining.join(stage, BOTH | {"may.0": succeeded("may", customers=(artifact("c"),))}, START)
    # then
    assert joined.steps[1].status is OutcomeStatus.TIMED_OUT
    assert joined.steps[1].artifacts == {"customers": (artifact("c"),)}
    assert joining.gaps(FLOW, joined)[0].reason == "deadline_passed (1 of 2 parts done)"
