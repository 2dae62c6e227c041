"""Which leases are renewed, when, and for how long; the clock is the test's."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from millrace.worker.lease import Leases, lease_step, renew_on_sqs

VISIBILITY_S = 6
LIMIT_S = 10


@dataclass(eq=False, kw_only=True)
class Request:
    """What the step reads of Celery's request."""

    name: str = "nlp.nap"
    eta: datetime | None = None
    time_start: float | None = None
    time_limits: tuple[float | None, float | None] = (None, None)
    acknowledged: bool = False
    task: Any = field(default_factory=lambda: SimpleNamespace(time_limit=LIMIT_S))
    message: Any = None


class Broker:
    """Remembers when it was asked to renew what, and may refuse."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[tuple[float, int]] = []
        self.error: Exception | None = None
        self.leases = Leases(visibility_s=VISIBILITY_S, renew=self.renew, clock=lambda: self.now)

    def renew(self, channel: Any, requests: list[Any], visibility_s: int) -> list[Any]:
        self.asked.append((self.now, len(requests)))
        if self.error is not None:
            raise self.error
        return requests

    def pass_time(self, seconds: float, *requests: Request) -> None:
        until = self.now + seconds
        while self.now < until:
            self.leases.look(None, requests)
            self.now += 0.5


@pytest.fixture
def broker() -> Broker:
    return Broker()


def test_a_task_of_under_two_seconds_asks_nothing_of_the_broker(broker: Broker) -> None:
    broker.pass_time(2, Request())
    assert broker.asked == []


def test_what_is_held_is_renewed_each_third_of_the_visibility_timeout_in_one_call(broker: Broker) -> None:
    broker.pass_time(7, Request(time_start=1.0), Request())
    assert broker.asked == [(2, 2), (4, 2), (6, 2)]


def test_a_lease_ends_at_the_hard_limit_counted_from_the_start(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    # given: it waited for a child at first
    request = Request()
    broker.pass_time(5, request)
    request.time_start = 1_700_000_000.0
    # when
    broker.pass_time(60, request)
    # then
    last = max(at for at, _ in broker.asked)
    assert 5 + LIMIT_S - 2 <= last <= 5 + LIMIT_S
    assert [record.message for record in caplog.records] == ["lease_given_up"]


def test_a_message_that_never_starts_is_given_to_others_after_its_hard_limit(broker: Broker) -> None:
    broker.pass_time(60, Request(time_limits=(4, None)))
    assert max(at for at, _ in broker.asked) <= 4


def test_a_message_that_is_to_start_later_is_held_until_then(broker: Broker) -> None:
    broker.pass_time(60, Request(eta=datetime.now(UTC) + timedelta(seconds=30)))
    assert 30 + LIMIT_S - 3 <= max(at for at, _ in broker.asked) <= 30 + LIMIT_S


def test_a_task_without_a_limit_is_held_as_long_as_it_runs(broker: Broker) -> None:
    broker.pass_time(60, Request(task=SimpleNamespace(time_limit=None)))
    assert max(at for at, _ in broker.asked) > 55


def test_what_is_acknowledged_is_let_go(broker: Broker) -> None:
    broker.pass_time(10, Request(acknowledged=True))
    assert broker.asked == []


def test_a_failed_renewal_is_logged_and_tried_again_at_the_next_look(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    request = Request()
    broker.error = ConnectionError("down")
    broker.pass_time(3.5, request)
    # when
    broker.error = None
    broker.pass_time(2, request)
    # then
    assert [at for at, _ in broker.asked] == [2, 2.5, 3, 3.5]
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "lease_not_renewed"
    ] * 3


class Sqs:
    """A channel whose queue refuses what it is told to."""

    def __init__(self, refused: dict[str, bool]) -> None:
        self.refused = refused
        self.calls: list[list[str]] = []

    def lease_client(self) -> "Sqs":
        return self

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto's names
        handles = [entry["ReceiptHandle"] for entry in Entries]
        self.calls.append(handles)
        failed = [
            {"Id": entry["Id"], "SenderFault": self.refused[entry["ReceiptHandle"]], "Code": "x"}
            for entry in Entries
            if entry["ReceiptHandle"] in self.refused
        ]
        return {"Failed": failed} if failed else {}


def test_sqs_is_asked_ten_at_a_time_and_only_what_it_could_not_do_is_tried_again() -> None:
    # given: one that is no longer ours, and one that SQS failed to renew
    channel = Sqs({"3": True, "11": False})
    info = {"sqs_queue": "http://127.0.0.1/1/nlp"}
    requests = [Request(message=SimpleNamespace(delivery_tag=str(number), delivery_info=info)) for number in range(12)]
    # when
    renewed = renew_on_sqs(channel, requests, VISIBILITY_S)
    # then
    assert [len(call) for call in channel.calls] == [10, 2]
    assert [request.message.delivery_tag for request in renewed] == [str(number) for number in range(11)]


def test_rabbitmq_needs_no_leases() -> None:
    assert lease_step("amqp://localhost", VISIBILITY_S) is None
    assert lease_step("rediss://localhost", VISIBILITY_S) is not None
