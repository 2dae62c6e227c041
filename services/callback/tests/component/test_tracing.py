"""The consumer can go on in the run's trace, and the record tells how long a delivery took."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from services.callback.tests.component.world import Receiver, World

from millrace.contracts.artifacts import JSON
from millrace.telemetry import tracing
from millrace.testing.recording import Recording, recording
from millrace.worker import handling
from millrace.worker.handling import Handling

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def recorded() -> Iterator[Recording]:
    with recording("callback") as found:
        yield found


def traced(url: str, flags: str) -> World:
    """A world whose run is in a trace."""
    world = World(url)
    world.runs.replace(world.record.model_copy(update={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-{flags}"}))
    return world


def deliver(world: World, delivery: int = 1) -> None:
    """As the worker does: within the place that the message names."""
    with tracing.attached(world.record.span):
        world.deliver(delivery)


def test_the_request_names_the_span_of_the_very_post(recorded: Recording, receiver: Receiver) -> None:
    # given
    world = traced(receiver.url, "01")
    # when
    deliver(world)
    # then
    span = recorded.span("POST callback")
    assert receiver.got[0][0]["traceparent"] == f"00-{TRACE}-{span.span_id}-01"
    assert (span.kind, span.error, span.service) == ("client", False, "callback")
    assert f"00-{TRACE}-{span.parent_id}-01" == world.record.span
    assert {name: span.attributes[name] for name in ("http.response.status_code", "delivery", "status")} == {
        "http.response.status_code": 204, "delivery": 1, "status": "taken",
    }  # fmt: skip


def test_a_refused_delivery_is_an_error_with_its_own_span_each_time(recorded: Recording, receiver: Receiver) -> None:
    # given
    world = traced(receiver.url, "01")
    receiver.answers[:] = [500, 204]
    # when
    deliver(world)
    deliver(world, 2)
    # then
    first, second = recorded.spans("POST callback")
    assert (first.error, first.attributes["error.type"], second.error) == (True, "http_500", False)
    named = [headers["traceparent"] for headers, _ in receiver.got]
    assert named == [f"00-{TRACE}-{span.span_id}-01" for span in (first, second)]


def test_a_run_that_is_not_sampled_is_named_to_its_consumer_all_the_same(
    recorded: Recording, receiver: Receiver
) -> None:
    # given
    world = traced(receiver.url, "00")
    # when
    deliver(world)
    # then
    assert receiver.got[0][0]["traceparent"] == world.record.traceparent
    assert recorded.spans() == []


@pytest.mark.parametrize(("answers", "due_s"), [([500], 1), ([410], 0)], ids=["to be tried again", "the last"])
def test_a_run_whose_delivery_failed_is_recorded_from_there_and_told_by_the_sweep(
    recorded: Recording, receiver: Receiver, answers: list[int], due_s: int
) -> None:
    # given
    world = traced(receiver.url, "00")
    receiver.answers[:] = answers
    # when
    deliver(world)
    # then: that it is still to be told is in the record, and when
    assert recorded.spans() == []
    assert world.record.untold
    assert (world.record.traceparent or "")[-2:] == "01"
    assert world.record.due_at is not None
    assert world.record.due_at - world.at >= timedelta(seconds=due_s)
    assert world.record.due_at - world.at < timedelta(minutes=1)


def test_a_run_whose_delivery_failed_meanwhile_is_recorded_all_the_same(
    recorded: Recording, receiver: Receiver
) -> None:
    # given: the sweep writes the record while the consumer thinks
    world = traced(receiver.url, "00")
    receiver.answers[:] = [500]
    receiver.meanwhile = lambda: world.runs.replace(world.record)
    # when
    deliver(world)
    # then
    assert world.record.untold


@pytest.mark.parametrize(("flags", "answer"), [("01", 500), ("00", 204)], ids=["recorded before", "a good delivery"])
def test_what_is_told_already_or_went_well_is_not_told_anew(
    recorded: Recording, receiver: Receiver, flags: str, answer: int
) -> None:
    # given
    world = traced(receiver.url, flags)
    receiver.answers[:] = [answer]
    # when
    deliver(world)
    # then
    assert (world.record.kept_at, (world.record.traceparent or "")[-2:]) == (None, flags)


def test_without_traces_the_callers_place_is_handed_on(receiver: Receiver) -> None:
    # given
    world = traced(receiver.url, "01")
    # when
    deliver(world)
    # then
    assert receiver.got[0][0]["traceparent"] == world.record.traceparent


def test_nobody_reads_an_address_in_a_span(recorded: Recording, receiver: Receiver) -> None:
    # given
    world = traced(receiver.url, "01")
    # when
    deliver(world)
    # then
    said = repr(recorded.spans())
    assert "hook" not in said
    assert JSON not in said


def test_the_record_tells_how_long_a_delivery_waited_and_was_answered(receiver: Receiver) -> None:
    # given
    world = traced(receiver.url, "01")
    sent = world.at - timedelta(seconds=3)
    handling.begin(Handling(task="callback.deliver", queue="callback", sent_at=sent, began_at=world.at))
    # when
    try:
        deliver(world)
    finally:
        handling.end()
    # then
    assert (world.callback.began_at, world.callback.queued_s) == (world.at, 3.0)
    assert 0 < world.callback.answer_s < 5


def test_a_delivery_that_was_never_sent_has_no_beginning() -> None:
    # given: nobody may be called back there
    world = traced("https://10.0.0.1/hook", "01")
    world.endpoints.disable("acme", world.endpoint_id, "gone")
    # when
    deliver(world)
    # then
    assert (world.callback.began_at, world.callback.answer_s) == (None, 0.0)
