"""Join policies: what a stage waits for, and what it does without."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from millrace.contracts.flow import Flow, Step
from millrace.contracts.outcome import Outcome, OutcomeStatus
from millrace.contracts.run import RunRecord, RunStatus, StageRecord
from millrace.orchestrator import runs
from millrace.orchestrator.domain import joining
from millrace.orchestrator.domain.joining import Verdict
from millrace.testing.factories import START, artifact, failed, run_record, succeeded

SECOND = timedelta(seconds=1)


def flow(join: str) -> Flow:
    """A stage that makes chunks, one mapped over them under this policy, and a report."""
    mapped = {
        "name": "map", "task": "nlp.annotate", "each": "units", "inputs": {"units": "make.units"}, "join": join,
        "effect": "less",
    }  # fmt: skip
    report = {"name": "report", "task": "analytics.report", "inputs": {"quality": "*.quality"}}
    steps = [
        {"name": "make", "task": "dataset.conversations.build", "inputs": {"batch": "run.batch"}},
    ]
    stages = [
        {"name": "first", "budget_s": 2, "steps": steps},
        {"name": "second", "budget_s": 2, "steps": [mapped]},
        {"name": "last", "budget_s": 2, "steps": [report]},
    ]
    return Flow.model_validate({"name": "mapped", "report": "report.report", "stages": stages})


def second_stage(join: str, chunks: int = 4) -> tuple[RunRecord, StageRecord]:
    made = succeeded("make", units=tuple(artifact(f"u{number}") for number in range(chunks)))
    record = runs.join_stage(flow(join), runs.start_stage(flow(join), run_record(), START), {"make.0": made}, START)
    assert record.stage is not None
    return record, record.stage


def good(*parts: int) -> dict[str, Outcome]:
    return {f"map.{part}": succeeded("map", part) for part in parts}


@pytest.mark.parametrize(
    ("join", "outcomes", "expected"),
    [
        ("required", good(0, 1, 2), Verdict.WAIT),
        ("optional", good(0, 1, 2), Verdict.WAIT),
        ("by_deadline", good(0, 1, 2), Verdict.WAIT),
        ("quorum(3)", good(0, 1), Verdict.WAIT),
        ("quorum(3)", good(0, 1, 2), Verdict.JOIN),
        ("quorum(75%)", good(0, 1, 2), Verdict.JOIN),
        ("quorum(9)", good(0, 1, 2, 3), Verdict.JOIN),
        ("quorum(3)", good(0, 1) | {"map.2": failed("map", 2)}, Verdict.WAIT),
    ],
)
def test_before_the_deadline_a_stage_waits_for_what_its_policy_asks(
    join: str, outcomes: dict[str, Outcome], expected: Verdict
) -> None:
    _, stage = second_stage(join)
    assert joining.verdict(stage, outcomes, START + SECOND) is expected


@pytest.mark.parametrize(
    ("join", "there", "expected"),
    [
        ("required", (0, 1, 2), Verdict.DISPATCH_AGAIN),
        ("optional", (0,), Verdict.JOIN),
        ("by_deadline", (0,), Verdict.JOIN),
        ("quorum(2)", (0,), Verdict.DISPATCH_AGAIN),
        ("quorum(2)", (0, 3), Verdict.JOIN),
    ],
)
def test_at_the_deadline_only_what_the_run_cannot_do_without_is_tried_again(
    join: str, there: tuple[int, ...], expected: Verdict
) -> None:
    _, stage = second_stage(join)
    assert joining.verdict(stage, good(*there), START + 60 * SECOND) is expected


@pytest.mark.parametrize(
    ("join", "there", "status", "gaps"),
    [
        ("optional", (0, 1), RunStatus.RUNNING, ["deadline_passed (2 of 4 parts done)"]),
        ("by_deadline", (0, 1), RunStatus.RUNNING, []),
        ("by_deadline", (), RunStatus.RUNNING, ["deadline_passed"]),
        ("quorum(2)", (0, 1), RunStatus.RUNNING, []),
        ("quorum(3)", (0, 1), RunStatus.FAILED, ["deadline_passed (2 of 4 parts done)"]),
        ("required", (0, 1, 2), RunStatus.FAILED, ["deadline_passed (3 of 4 parts done)"]),
    ],
)
def test_what_is_missing_at_the_join_costs_what_the_policy_says(
    join: str, there: tuple[int, ...], status: RunStatus, gaps: list[str]
) -> None:
    # given
    record, _ = second_stage(join)
    # when
    joined = runs.join_stage(flow(join), record, good(*there), START + 3 * SECOND)
    # then
    assert joined.status is status
    assert [gap.reason for gap in joined.gaps] == gaps


def test_a_quorum_is_counted_in_the_join_so_that_its_body_comes_early() -> None:
    _, stage = second_stage("quorum(50%)")
    assert joining.quota(stage) == 2


def test_a_step_that_succeeded_by_quorum_counts_as_a_success() -> None:
    # given
    record, stage = second_stage("quorum(3)")
    # when
    (step,) = joining.join(stage, good(0, 1, 2), START).steps
    # then
    assert step.status is OutcomeStatus.SUCCEEDED
    assert record.status is RunStatus.RUNNING


@pytest.mark.parametrize("join", ["quorum", "quorum(0)", "quorum(-1)", "quorum(1.5)", "sometimes"])
def test_a_policy_that_is_none_is_refused(join: str) -> None:
    with pytest.raises(ValidationError):
        Step(name="a", task="nlp.annotate", join=join)
