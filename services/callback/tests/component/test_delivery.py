"""Delivering a callback to a real HTTP receiver: signed, once per attempt, retried by the record."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from millrace.callback.adapters import HttpSender
from millrace.callback.delivery import Delivery
from millrace.contracts.base import now
from millrace.contracts.messages import Deliver
from millrace.contracts.run import CallbackRecord, CallbackStatus, RunRecord, RunStatus
from millrace.storage.memory import MemoryRuns, memory_artifacts
from millrace.testing.factories import START, artifact, callback_record, run_record

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="


@dataclass
class Receiver:
    """A consumer that answers as told and keeps what it got."""

    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            state.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
            self.send_response(state.answers.pop(0) if state.answers else 204)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class World:
    """A delivery over in-memory stores and a run that has ended."""

    url: str
    allowed: str = "127.0.0.1"

    def __post_init__(self) -> None:
        self.runs = MemoryRuns()
        sender = HttpSender(secret=SECRET, allowed_hosts=frozenset([self.allowed]), timeout_s=2)
        self.delivery = Delivery(
            store=self.runs, artifacts=memory_artifacts(), sender=sender, api_url="https://api.example.com",
            jitter=lambda: 0.0,
        )  # fmt: skip
        record = run_record(status=RunStatus.FAILED, reason="ratings: bad_input", ended_at=START + timedelta(seconds=2))
        self.run_id = record.run_id
        self.runs.create(record.model_copy(update={"callback": callback_record(record.run_id, url=self.url)}))

    @property
    def record(self) -> RunRecord:
        return self.runs.get("acme", self.run_id)

    @property
    def callback(self) -> CallbackRecord:
        assert self.record.callback is not None
        return self.record.callback

    def deliver(self, delivery: int = 1) -> None:
        message = Deliver(tenant="acme", run_id=self.run_id, event_id=self.callback.event_id, delivery=delivery)
        self.delivery.deliver(message)


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
    assert due is not None and timedelta(0) < due - now() <= timedelta(seconds=2)
    assert receiver.got[0][1] == receiver.got[1][1]
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {world.callback.event_id}
    assert (world.callback.status, world.callback.deliveries) == (CallbackStatus.DELIVERED, 2)


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
    assert (world.callback.status, world.callback.last_error) == (CallbackStatus.GIVEN_UP, "only https may be called")


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
    assert (world.callback.status, world.callback.last_error) == (CallbackStatus.PENDING, "ConnectError")
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


def test_a_consumer_that_drips_is_given_up_in_time() -> None:
    # given: every single read succeeds, so only a bound on the whole attempt helps
    command = [sys.executable, str(Path(__file__).with_name("drip.py")), SECRET]
    # when
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    # then
    assert said.stdout.strip() == "TotalTimeout", said.stderr
