"""Which runs are kept whatever chance said of them."""

from datetime import timedelta
from typing import Any

import pytest

from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import PartRecord, RunRecord, RunStatus, StageRecord, StepRecord
from millrace.contracts.tracing import parse
from millrace.orchestrator.domain.notable import kept, worth_keeping
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


def test_a_kept_run_stays_in_its_trace() -> None:
    # given
    record = ended(traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
    # when
    after = kept(record)
    # then
    assert after.traceparent == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert parse(after.span) is not None
    assert after.span[:-1] == record.span[:-1]
    assert kept(ended()).traceparent is None
