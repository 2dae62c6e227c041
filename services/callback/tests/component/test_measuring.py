"""Deliveries are counted by what came of them."""

from services.callback.tests.component.world import Receiver, World

from millrace.callback import measuring
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


def test_what_may_come_of_a_delivery_is_counted_from_nothing() -> None:
    # when
    measuring.begin_counting()
    # then
    results = {name for name in read() if name.startswith("callbacks_total")}
    assert results >= {f"callbacks_total{{result={result}}}" for result in ("delivered", "failed", "given_up")}
