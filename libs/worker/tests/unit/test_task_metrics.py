"""A part is counted by who found out what became of it."""

from collections.abc import Iterator

import pytest

from millrace.contracts.base import now
from millrace.testing.metering import changes, read
from millrace.worker import handling
from millrace.worker.handling import Handling
from millrace.worker.metrics import TaskMetrics

OUTCOME = {"step": "annotate", "part": 0, "status": "succeeded"}


@pytest.fixture
def at_work() -> Iterator[None]:
    """A message of a part that is at work here."""
    handling.begin(Handling(task="nlp.annotate", queue="nlp", sent_at=None, began_at=now()))
    yield
    handling.end()


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize(("known", "parts"), [(False, 1), (True, 0)])
def test_an_outcome_that_was_known_is_not_counted_again(known: bool, parts: int) -> None:
    # given
    meter, before = TaskMetrics(), read()
    meter.begin()
    # when
    if known:
        handling.hand_on()
    meter.end(retval=OUTCOME, state="SUCCESS")
    # then
    found = changes(before)
    assert found.get("parts_total{reason=none,status=succeeded,task=nlp.annotate}", 0) == parts
    assert found["task_seconds_count{queue=nlp,status=succeeded,task=nlp.annotate}"] == 1
