"""Which runs are kept whatever chance said of them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import PartRecord, RunRecord, RunStatus, StageRecord, StepRecord
from millrace.orchestrator.domain.notable import chosen, worth_keeping
from millrace.testing.factories import START, run_record

SECOND = timedelta(seconds=1)


def ended(seconds: float = 3.0, **changes: Any) -> RunRecord:
    given: dict[str, Any] = {"status": RunStatus.COMPLETED, "ended_at": START + seconds * SECOND}
    return run_record(**given | changes)


def with_part(dispatches: int = 1, **changes: Any) -> RunRecord:
    part = PartRecord(part=0, status=OutcomeStatus.SUCCEEDED, **changes)
    step = StepRecord(name="one", task="nlp.annotate", task_version=1, required=True, planned=1, parts=(part,))
    stage = StageRecord(
        name="first", started_at=START, deadline_at=START + SECOND, dispatches=dispatches, steps=(step,)
    )  # fmt: skip
    return ended(stages=(stage,))


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (ended(), False),
        (with_part(), False),
        (ended(7.9), False),
        (ended(8.1), True),
        (ended(7.0, received_at=START - 2 * SECOND), True),
        (ended(10.1, deadline_at=START + 60 * SECOND), True),
        (ended(9.9, deadline_at=START + 60 * SECOND), False),
        (ended(status=RunStatus.FAILED), True),
        (ended(status=RunStatus.PARTIAL), True),
        (ended(status=RunStatus.CANCELLED), True),
        (ended(recoveries=1), True),
        (ended(20.0, attempt=2, began_at=START + 19 * SECOND), True),
        (with_part(retries=1), True),
        (with_part(deliveries=2), True),
        (with_part(dispatches=2), True),
    ],
    ids=[
        "a good run", "with a good part", "within its budget", "over 80 % of its budget", "slow to accept",
        "over 10 s", "a long budget", "failed", "partial", "cancelled", "recovered", "redriven", "retried",
        "redelivered", "published again",
    ],
)  # fmt: skip
def test_a_run_that_somebody_will_ask_about_is_kept(record: RunRecord, expected: bool) -> None:
    assert worth_keeping(record) is expected


PLACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"
OPEN = run_record(traceparent=f"{PLACE}00")


@pytest.mark.parametrize(
    ("changes", "kept_at"),
    [
        ({}, None),
        ({"status": RunStatus.COMPLETED, "ended_at": START + SECOND}, None),
        ({"status": RunStatus.FAILED, "ended_at": START + SECOND}, START + SECOND),
        ({"attempt": 2, "began_at": START + SECOND}, START + SECOND),
        ({"recoveries": 1, "recovered_at": START + SECOND}, START + SECOND),
    ],
    ids=["it goes on", "a good end", "a bad end", "another attempt", "a recovery"],
)
def test_a_run_is_kept_from_the_first_moment_at_which_that_is_certain(
    changes: dict[str, Any], kept_at: datetime | None
) -> None:
    # when
    after = chosen(OPEN, OPEN.model_copy(update=changes))
    # then
    assert (after.kept_at, after.traceparent) == (kept_at, f"{PLACE}{'01' if kept_at else '00'}")
    assert (after.span or "")[:52] == (OPEN.model_copy(update=changes).span or "")[:52]


@pytest.mark.parametrize("traceparent", [None, f"{PLACE}01"])
def test_without_a_trace_or_with_a_recorded_one_nothing_is_kept_anew(traceparent: str | None) -> None:
    # given
    record = ended(status=RunStatus.FAILED, traceparent=traceparent)
    # when / then
    assert chosen(OPEN, record) == record
