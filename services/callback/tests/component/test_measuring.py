"""Deliveries are counted by what came of them, and a run's cost once."""

import pytest
from services.callback.tests.component.world import Receiver, World

from millrace.callback import measuring
from millrace.callback.post import Answer
from millrace.contracts.report import CallbackBody
from millrace.testing.factories import callback_record, run_record
from millrace.testing.metering import changes, read


def test_each_delivery_counts_by_what_came_of_it(receiver: Receiver) -> None:
    # given
    receiver.answers = [500, 204]
    world, before = World(receiver.url), read()
    # when
    world.deliver()
    world.deliver(delivery=2)
    world.deliver(delivery=2)
    # then
    found = changes(before)
    assert (found["callbacks_total{result=failed}"], found["callbacks_total{result=delivered}"]) == (1, 1)
    assert (found["callback_seconds_count{status=5xx}"], found["callback_seconds_count{status=2xx}"]) == (1, 1)


@pytest.mark.parametrize(
    ("error", "replayed", "counted"), [("", None, True), ("http_500", None, False), ("", 1, False)]
)
def test_a_cost_counts_when_its_report_is_taken_for_the_first_time(
    error: str, replayed: int | None, counted: bool
) -> None:
    # given
    record = run_record()
    callback = callback_record(record.run_id, replayed_after=replayed)
    body = CallbackBody.model_construct(data=_Data(cost_usd=0.25))
    before = read()
    # when
    measuring.reported(record.model_copy(update={"callback": callback}), body, Answer(error=error))
    # then
    assert changes(before) == ({f"run_cost_usd_total{{flow={record.flow}}}": 0.25} if counted else {})


class _Data:
    def __init__(self, cost_usd: float) -> None:
        self.cost_usd = cost_usd
