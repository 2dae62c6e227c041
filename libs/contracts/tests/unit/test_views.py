"""What others see of a run record: above all, that its terminal states stay."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from millrace.contracts.api import RedriveRequest, RunView
from millrace.contracts.ids import event_id
from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import AttemptRecord, CallbackStatus, Gap, RunRecord, RunStatus, StageRecord, StepRecord
from millrace.contracts.views import attempts, run_view, settled
from millrace.testing.factories import START, artifact, callback_record, run_record

GAP = Gap(step="topics", reason="timed_out")
LATER = START + timedelta(hours=1)


def first(record: RunRecord, **changes: Any) -> AttemptRecord:
    """The end of a run's first attempt: partial, after four seconds."""
    callback = callback_record(record.run_id, status=CallbackStatus.DELIVERED, deliveries=1)
    given = {
        "attempt": 1, "status": RunStatus.PARTIAL, "began_at": START, "ended_at": START + timedelta(seconds=4),
        "gaps": (GAP,), "report": artifact("first"), "callback": callback,
    }  # fmt: skip
    return AttemptRecord.model_validate(given | changes)


def second(**changes: Any) -> RunRecord:
    """A run whose redrive began an hour after it was accepted."""
    record = run_record()
    given = {
        "attempt": 2, "status": RunStatus.RUNNING, "history": (first(record),), "began_at": LATER,
        "deadline_at": LATER + timedelta(seconds=10),
        "callback": callback_record(record.run_id, event_id=event_id(record.run_id, 1)),
    }  # fmt: skip
    return record.model_copy(update=given | changes)


def test_a_first_attempt_is_told_as_it_is() -> None:
    # given
    ended = run_record(status=RunStatus.PARTIAL, gaps=(GAP,), report=artifact(), ended_at=START + timedelta(seconds=6))
    # when
    active, done = run_view(run_record(status=RunStatus.RUNNING), ("report",)), run_view(ended)
    # then
    assert (active.status, active.ended_at, active.seconds, set(active.links)) == ("running", None, None, {"self"})
    assert (done.status, done.seconds, done.gaps) == ("partial", 6.0, (GAP,))
    assert done.links["report"] == f"/v1/runs/{ended.run_id}/report"
    assert [stage.name for stage in active.stages] == ["report"]
    assert [(view.redriving, len(view.attempts)) for view in (active, done)] == [(False, 1)] * 2


def test_while_a_redrive_is_at_work_the_run_stays_as_it_ended() -> None:
    # given
    stage = StageRecord(name="datasets", started_at=LATER, deadline_at=LATER + timedelta(seconds=2))
    record = second(stages=(stage,), gaps=(), reason="")
    # when
    view = run_view(record, ("report",))
    # then
    assert (view.status, view.redriving, view.attempt) == ("partial", True, 2)
    assert (view.ended_at, view.seconds, view.gaps) == (START + timedelta(seconds=4), 4.0, (GAP,))
    assert view.links["report"] == f"/v1/runs/{record.run_id}/report"
    assert [stage.status for stage in view.stages] == ["running", "pending"]
    assert (view.deadline_at, view.callback and view.callback.event_id) == (
        LATER + timedelta(seconds=10), event_id(record.run_id, 1),
    )  # fmt: skip


def test_the_end_of_a_redrive_is_the_runs_and_its_seconds_are_its_own() -> None:
    # given
    record = second(status=RunStatus.FAILED, reason="ratings: bad_input", ended_at=LATER + timedelta(seconds=3))
    # when
    view = run_view(record)
    # then: a report of an earlier attempt is not this one's
    assert (view.status, view.redriving, view.reason, view.seconds) == ("failed", False, "ratings: bad_input", 3.0)
    assert (view.gaps, set(view.links)) == ((), {"self"})


def test_every_attempt_is_told_with_its_callback_and_report() -> None:
    # given
    record = second(reason="asked for", status=RunStatus.CANCELLED, ended_at=LATER + timedelta(seconds=3))
    # when
    one, two = run_view(record).attempts
    # then
    assert (one.number, one.status, one.gaps) == (1, "partial", (GAP,))
    assert one.report == f"/v1/runs/{record.run_id}/report?attempt=1"
    assert one.callback is not None and one.callback.status is CallbackStatus.DELIVERED
    assert (two.number, two.status, two.reason, two.report) == (2, "cancelled", "asked for", None)
    assert (two.began_at, two.ended_at) == (LATER, LATER + timedelta(seconds=3))
    assert two.callback is not None and two.callback.event_id == f"{one.callback.event_id}_1"


def test_the_last_end_counts_when_there_are_several() -> None:
    # given
    record = second()
    failed = first(record, attempt=2, status=RunStatus.FAILED, report=None)
    record = record.model_copy(update={"attempt": 3, "history": (*record.history, failed)})
    # when / then
    assert settled(record) is failed
    assert [each.attempt for each in attempts(record)] == [1, 2, 3]
    assert "report" not in run_view(record).links


def test_a_reused_step_names_the_attempt_that_did_its_work() -> None:
    # given
    step = StepRecord(
        name="ratings", task="dataset.customers.ratings", task_version=1, required=True, planned=1, reused_from=1,
        status=OutcomeStatus.SUCCEEDED,
    )  # fmt: skip
    stage = StageRecord(name="datasets", started_at=LATER, deadline_at=LATER, joined_at=LATER, steps=(step,))
    # when
    view = run_view(second(stages=(stage,)))
    # then
    assert (view.stages[0].steps[0].reused_from, view.stages[0].steps[0].status) == (1, "succeeded")


def test_an_answer_of_an_older_release_is_still_read() -> None:
    # given
    old = run_view(run_record()).model_dump(mode="json", exclude={"attempts", "redriving"})
    # when
    view = RunView.model_validate(old)
    # then
    assert (view.attempts, view.redriving) == ((), False)


def test_a_redrives_start_is_called_from_in_json_and_nothing_else() -> None:
    # when
    made = RedriveRequest.model_validate_json('{"from": "report"}')
    # then
    assert (made.start, made.model_dump_json()) == ("report", '{"from":"report"}')
    assert RedriveRequest().start == "failed"
    with pytest.raises(ValidationError):
        RedriveRequest.model_validate_json('{"start": "report"}')
