"""Delivering a callback to a real HTTP receiver: signed, once per attempt, retried by the record."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from services.callback.tests.component.world import SECRET, Receiver, World
from standardwebhooks.webhooks import Webhook

from millrace.contracts.base import now
from millrace.contracts.ids import event_id
from millrace.contracts.run import CallbackStatus, RunStatus
from millrace.testing.factories import START, artifact


def test_the_reference_verifier_accepts_what_is_sent(receiver: Receiver) -> None:
    # given
    world = World(receiver.url)
    # when
    world.deliver()
    # then
    headers, body = receiver.got[0]
    verified = Webhook(SECRET).verify(body, headers)
    assert verified["type"] == "insight.failed"
    assert verified["data"]["reason"] == "ratings: bad_input"
    assert headers["webhook-id"] == world.callback.event_id
    assert (world.callback.status, world.callback.last_status, world.record.due_at) == (
        CallbackStatus.DELIVERED, 204, None,
    )  # fmt: skip


def test_a_message_that_comes_twice_is_sent_once(receiver: Receiver) -> None:
    # given
    world = World(receiver.url)
    # when
    world.deliver()
    world.deliver()
    # then
    assert len(receiver.got) == 1


def test_a_failed_attempt_is_scheduled_again_and_keeps_its_event_id_and_body(receiver: Receiver) -> None:
    # given
    receiver.answers = [500, 204]
    world = World(receiver.url)
    # when
    world.deliver()
    due = world.record.due_at
    world.deliver(delivery=2)
    # then
    assert due is not None and timedelta(0) < due - world.at <= timedelta(seconds=1)
    assert receiver.got[0][1] == receiver.got[1][1]
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {world.callback.event_id}
    assert (world.callback.status, world.callback.deliveries) == (CallbackStatus.DELIVERED, 2)


def test_a_redrives_callback_is_an_amendment_under_an_event_id_of_its_own(receiver: Receiver) -> None:
    # given
    world = World(receiver.url)
    world.deliver()
    # when
    world.redrive(status=RunStatus.CANCELLED, ended_at=START + timedelta(hours=1))
    world.deliver()
    # then
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    bodies = [Webhook(SECRET).verify(body, headers) for headers, body in receiver.got]
    assert ids == [event_id(world.run_id), f"{event_id(world.run_id)}_1"]
    assert [(body["type"], body["data"]["attempt"], body["data"]["status"]) for body in bodies] == [
        ("insight.failed", 1, "failed"), ("insight.amended", 2, "cancelled"),
    ]  # fmt: skip


@pytest.mark.parametrize("ended", [None, START + timedelta(hours=1)], ids=["at work", "ended"])
def test_a_message_about_an_earlier_attempt_does_nothing(receiver: Receiver, ended: datetime | None) -> None:
    # given
    world = World(receiver.url)
    world.redrive(status=RunStatus.COMPLETED if ended else RunStatus.RUNNING, ended_at=ended)
    before = world.record
    # when
    world.deliver(event=event_id(world.run_id))
    # then
    assert (receiver.got, world.record) == ([], before)


def test_a_superseded_callback_is_not_sent(receiver: Receiver) -> None:
    # given
    world = World(receiver.url)
    superseded = world.callback.model_copy(update={"status": CallbackStatus.SUPERSEDED})
    world.runs.replace(world.record.model_copy(update={"callback": superseded}))
    # when
    world.deliver()
    # then
    assert (receiver.got, world.callback) == ([], superseded)


@pytest.mark.parametrize("answer", [204, 500])
def test_a_redrive_that_begins_while_its_consumer_is_called_is_left_alone(receiver: Receiver, answer: int) -> None:
    # given
    receiver.answers = [answer]
    world = World(receiver.url)
    receiver.meanwhile = world.redrive
    # when
    world.deliver()
    # then: neither delivered nor due again
    assert [headers["webhook-id"] for headers, _ in receiver.got] == [event_id(world.run_id)]
    assert (world.record.attempt, world.record.due_at) == (2, None)
    assert (world.callback.event_id, world.callback.deliveries, world.callback.status) == (
        event_id(world.run_id, 1), 0, CallbackStatus.PENDING,
    )  # fmt: skip


@pytest.mark.parametrize("answers", [[204], [410], [500, 204]], ids=["delivered", "given up", "retried"])
def test_a_run_that_is_to_be_tidied_up_stays_due_for_that(receiver: Receiver, answers: list[int]) -> None:
    # given
    receiver.answers = list(answers)
    world = World(receiver.url)
    tidy = world.at + timedelta(hours=1)
    world.runs.replace(world.record.model_copy(update={"tidy_at": tidy}))
    # when
    for number in range(len(answers)):
        assert number == 0 or (world.record.due_at or tidy) < tidy
        world.deliver(delivery=number + 1)
    # then
    assert world.record.due_at == tidy


def test_a_sweep_that_moves_the_due_time_meanwhile_hides_no_delivery(receiver: Receiver) -> None:
    # given
    world = World(receiver.url)
    receiver.meanwhile = lambda: world.runs.replace(world.record.model_copy(update={"due_at": now()}))
    # when
    world.deliver()
    # then
    assert (world.callback.status, world.callback.deliveries, world.record.due_at) == (
        CallbackStatus.DELIVERED, 1, None,
    )  # fmt: skip


def test_a_redirect_is_a_failure_and_is_not_followed(receiver: Receiver) -> None:
    # given
    receiver.answers = [302]
    receiver.headers = {"location": receiver.url}
    world = World(receiver.url)
    # when
    world.deliver()
    # then
    assert len(receiver.got) == 1
    assert (world.callback.status, world.callback.last_error) == (CallbackStatus.PENDING, "http_302")


def test_gone_means_never_again(receiver: Receiver) -> None:
    # given
    receiver.answers = [410]
    world = World(receiver.url)
    # when
    world.deliver()
    # then
    assert (world.callback.status, world.record.due_at) == (CallbackStatus.GIVEN_UP, None)


def test_an_address_that_is_not_allowed_is_not_called(receiver: Receiver) -> None:
    # given
    world = World(receiver.url, allowed="other.example.com")
    # when
    world.deliver()
    # then
    assert receiver.got == []
    assert (world.callback.status, world.callback.last_error) == (CallbackStatus.GIVEN_UP, "address_refused")


def test_a_report_that_is_lost_counts_as_an_attempt_and_is_not_tried_for_ever(receiver: Receiver) -> None:
    # given
    world = World(receiver.url)
    world.runs.replace(world.record.model_copy(update={"report": artifact("gone")}))
    # when
    world.deliver()
    # then
    assert receiver.got == []
    assert (world.callback.deliveries, world.callback.last_error) == (1, "report: NotFound")
    assert world.record.due_at is not None


def test_a_consumer_that_is_away_is_tried_again_later() -> None:
    # given: nobody listens on the discard port
    world = World("http://127.0.0.1:9/hook")
    # when
    world.deliver()
    # then
    assert (world.callback.status, world.callback.last_error) == (CallbackStatus.PENDING, "connect_failed")
    assert world.record.due_at is not None


def test_the_body_stays_thin(receiver: Receiver) -> None:
    # given
    world = World(receiver.url)
    # when
    world.deliver()
    # then
    body = receiver.got[0][1]
    assert len(body) < 20_000
    assert "records" in json.loads(body)["data"]


@pytest.mark.parametrize(
    ("how", "answer"),
    [
        ("hangs", "timed_out"), ("drips", "timed_out"), ("resolves slowly", "timed_out"), ("drips the body", "200"),
        ("answers for ever", "200"),
    ],
)  # fmt: skip
def test_a_slow_consumer_holds_nobody_up(how: str, answer: str) -> None:
    # given: every single read may succeed, so only a bound on the whole attempt helps
    command = [sys.executable, str(Path(__file__).with_name("slow.py")), how]
    # when
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    # then: a status that was said counts, whatever becomes of the body
    found, _, seconds = said.stdout.strip().partition(",")
    assert found == answer, said.stderr
    assert float(seconds) < 1.5
