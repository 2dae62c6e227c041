"""Executing a part: every end is an outcome, and a broken-off part leaves nothing."""

from datetime import timedelta

import pytest
from billiard.exceptions import SoftTimeLimitExceeded

from millrace.contracts.base import now
from millrace.contracts.catalogue import RATINGS
from millrace.contracts.inputs import BuildRatings
from millrace.contracts.insights import Manifest
from millrace.contracts.outcome import Coverage, Outcome, OutcomeStatus
from millrace.contracts.records import Record
from millrace.storage.errors import NotFound, Unavailable
from millrace.testing.parts import Bench
from millrace.worker.errors import BadInput, RetryableError
from millrace.worker.execution import execute
from millrace.worker.part import Handler, Part, Result

QUALITY = Manifest(generator="test", code_version=1, input_sha256="0" * 64, tables={})


def run(handler: Handler[BuildRatings], bench: Bench | None = None, **changes: object) -> Outcome:
    bench = bench or Bench()
    ref = bench.put_batch([Record(record_id="1", text="fine")])
    message = bench.part(RATINGS, {"batch": (ref,)}).message.model_copy(update=changes)
    return execute(RATINGS, handler, bench.store, message)


def test_a_part_that_succeeds_reports_its_artifacts_and_coverage() -> None:
    # given
    def handler(request: BuildRatings, part: Part) -> Result:
        part.write_model("quality", QUALITY)
        return Result(coverage=Coverage(seen=1, total=2), facts={"rated": 1})

    # when
    outcome = run(handler)
    # then
    assert outcome.status is OutcomeStatus.SUCCEEDED
    assert outcome.artifacts["quality"][0].schema_name == "manifest/1"
    assert (outcome.coverage, outcome.facts) == (Coverage(seen=1, total=2), {"rated": 1})


def test_the_same_inputs_write_under_the_same_key() -> None:
    # given
    def handler(request: BuildRatings, part: Part) -> Result:
        part.write_model("quality", QUALITY)
        return Result()

    bench = Bench()
    # when
    first, second = run(handler, bench), run(handler, bench)
    # then
    assert first.artifacts == second.artifacts


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (BadInput("no"), OutcomeStatus.FAILED, "bad_input"),
        (NotFound("gone"), OutcomeStatus.FAILED, "input_lost"),
        (ZeroDivisionError("secret"), OutcomeStatus.FAILED, "internal_error"),
        (SoftTimeLimitExceeded(), OutcomeStatus.TIMED_OUT, "soft_time_limit"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_part_raises_becomes_an_outcome_and_its_artifacts_are_rolled_back(
    raised: Exception, status: OutcomeStatus, code: str
) -> None:
    # given
    written: list[object] = []

    def handler(request: BuildRatings, part: Part) -> Result:
        written.append(part.write_model("quality", QUALITY))
        raise raised

    bench = Bench()
    # when
    outcome = run(handler, bench)
    # then
    assert outcome.status is status
    assert outcome.reason is not None and outcome.reason.code == code
    assert "secret" not in outcome.model_dump_json()
    with pytest.raises(NotFound):
        bench.store.get("acme", written[0])  # type: ignore[arg-type]


def test_a_retryable_fault_is_raised_for_another_try() -> None:
    # given
    def handler(request: BuildRatings, part: Part) -> Result:
        raise Unavailable("redis: TimeoutError")

    # when / then
    with pytest.raises(RetryableError):
        run(handler)


def test_a_part_whose_stage_is_over_is_not_begun() -> None:
    # given
    def handler(request: BuildRatings, part: Part) -> Result:
        raise AssertionError("must not run")

    # when
    outcome = run(handler, stage_deadline_at=now() - timedelta(seconds=1))
    # then
    assert (outcome.status, outcome.reason and outcome.reason.code) == (OutcomeStatus.TIMED_OUT, "deadline_passed")


def test_inputs_that_do_not_fit_the_contract_are_named_without_their_values() -> None:
    # when
    outcome = run(lambda request, part: Result(), inputs={})
    # then
    assert outcome.status is OutcomeStatus.FAILED
    assert outcome.reason is not None
    assert (outcome.reason.code, outcome.reason.detail) == ("bad_message", "batch: missing")
