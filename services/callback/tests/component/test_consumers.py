"""Consumers of every temper: each is dealt with as Standard Webhooks has it, under one event id."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpcore
import pytest
from services.callback.tests.component.world import SECRET, Receiver, World
from standardwebhooks.webhooks import Webhook

from millrace.callback.adapters import MAX_ANSWER, HttpSender, Letter
from millrace.callback.domain.schedule import PATIENCE
from millrace.callback.post import Parcel
from millrace.contracts.run import Ask, CallbackStatus
from millrace.storage.errors import Conflict
from millrace.storage.items import Item, MemoryItems

PATIENCE_S = 10
"""Bounds a hang; nothing is expected to take as long."""


@contextmanager
def raw(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """The URL of a consumer that does with its connection what it likes, once it has read the request."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE_S)

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(PATIENCE_S)
            request = b""
            while not request.endswith(b"}") and (piece := connection.recv(65_536)):
                request += piece
            answer(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    thread.join()
    listener.close()


def replayed(at: datetime) -> dict[str, object]:
    """What the ingestion service changes when somebody asks for a callback once more."""
    return {"status": CallbackStatus.PENDING, "replayed_after": 1, "replayed_at": at}


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reset, "connection_lost"),
        (lambda connection: None, "no_http"),
        (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"), "no_http"),
        (lambda connection: connection.sendall(b"HTTP/1.1 500 No\r\nconnection: close\r\n\r\n"), "http_500"),
    ],
    ids=["resets", "hangs up", "speaks something else", "fails"],
)
def test_what_is_no_success_is_tried_again(answer: Callable[[socket.socket], object], error: str) -> None:
    with raw(answer) as url:
        # given
        world = World(url)
        # when
        world.deliver()
    # then
    assert (world.callback.status, world.callback.last_error) == (CallbackStatus.PENDING, error)
    assert world.record.due_at is not None and [entry.error for entry in world.log] == [error]


def test_a_consumer_that_comes_back_gets_the_same_event_signed_anew(receiver: Receiver) -> None:
    # given
    receiver.answers = [500, 503, 200]
    world = World(receiver.url)
    # when
    for number in (1, 2, 3):
        world.deliver(number)
        world.at = world.record.due_at or world.at
    # then
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {world.callback.event_id}
    assert all(Webhook(SECRET).verify(body, headers) for headers, body in receiver.got)
    assert [(entry.delivery, entry.status, entry.error, entry.kind) for entry in world.log] == [
        (1, 500, "http_500", "run"), (2, 503, "http_503", "run"), (3, 200, "", "run"),
    ]  # fmt: skip
    assert (world.callback.status, world.callback.last_error) == (CallbackStatus.DELIVERED, "")


@pytest.mark.parametrize("status", [503, 429, 400])
def test_retry_after_is_honoured(receiver: Receiver, status: int) -> None:
    # given
    receiver.answers, receiver.headers = [status], {"retry-after": "600"}
    world = World(receiver.url)
    # when
    world.deliver()
    # then
    assert world.record.due_at == world.at + timedelta(seconds=600)


def test_gone_disables_the_endpoint_for_every_run(receiver: Receiver) -> None:
    # given
    receiver.answers = [410]
    world = World(receiver.url)
    other = world.add_run().run_id
    # when
    world.deliver()
    world.deliver(run_id=other)
    # then
    assert len(receiver.got) == 1
    assert (world.endpoint.disabled_reason, world.callback.status) == ("gone", CallbackStatus.GIVEN_UP)
    given_up = world.runs.get("acme", other).callback
    assert given_up is not None
    assert (given_up.status, given_up.last_error) == (CallbackStatus.GIVEN_UP, "endpoint_disabled")


def test_a_deleted_endpoint_gets_nothing(receiver: Receiver) -> None:
    # given
    world = World(receiver.url)
    world.endpoints.delete("acme", world.endpoint_id)
    # when
    world.deliver()
    # then
    assert receiver.got == []
    assert (world.callback.status, world.callback.last_error) == (CallbackStatus.GIVEN_UP, "endpoint_deleted")


@pytest.mark.parametrize("status", [429, 502, 504])
def test_an_endpoint_with_too_much_to_do_is_left_alone_by_all_runs(receiver: Receiver, status: int) -> None:
    # given
    receiver.answers = [status]
    world = World(receiver.url)
    waiting = world.add_run()
    # when
    world.deliver()
    world.deliver(run_id=waiting.run_id)
    # then: not an attempt, only later
    assert len(receiver.got) == 1
    record = world.runs.get("acme", waiting.run_id)
    assert record.callback is not None and record.due_at is not None
    assert (record.callback.deliveries, record.callback.status) == (0, CallbackStatus.PENDING)
    assert record.due_at == world.endpoint.slow_until


def test_it_is_left_alone_for_longer_each_time_until_it_takes_something(receiver: Receiver) -> None:
    # given
    receiver.answers = [429, 429, 429, 200]
    world = World(receiver.url)
    waits = []
    # when
    for number in (1, 2, 3):
        world.deliver(number)
        assert world.endpoint.slow_until is not None
        waits.append((world.endpoint.slow_until - world.at).total_seconds())
        world.at = world.endpoint.slow_until
    world.deliver(4)
    # then
    assert waits == [2, 4, 8]
    assert (world.endpoint.slow_until, world.endpoint.slowdowns) == (None, 0)


def test_a_replay_has_the_same_id_its_own_mark_and_the_whole_schedule(receiver: Receiver) -> None:
    # given
    receiver.answers = [200, 500]
    world = World(receiver.url)
    world.deliver()
    world.at += timedelta(seconds=1)
    again = world.callback.model_copy(update=replayed(world.at))
    world.runs.replace(world.record.model_copy(update={"callback": again}))
    # when
    world.deliver(2)
    # then
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {world.callback.event_id}
    assert [entry.kind for entry in world.log] == ["run", "replay"]
    assert world.record.due_at == world.at + timedelta(seconds=1)


def test_a_rotation_breaks_no_consumer(receiver: Receiver) -> None:
    # given
    world = World(receiver.url)
    rotated = world.endpoints.rotate("acme", world.endpoint_id)
    # when
    world.deliver()
    # then
    headers, body = receiver.got[0]
    for secret in (SECRET, rotated.keys[0].secret):
        assert Webhook(secret).verify(body, headers)


def test_a_test_is_signed_logged_with_its_headers_and_belongs_to_no_run(receiver: Receiver) -> None:
    # given
    world = World(receiver.url)
    # when
    world.probe()
    # then
    headers, body = receiver.got[0]
    assert Webhook(SECRET).verify(body, headers)["type"] == "endpoint.test"
    (entry,) = world.log
    assert (entry.kind, entry.run_id, entry.status) == ("test", "", 204)
    assert entry.headers == {name: value for name, value in headers.items() if name.startswith("webhook-")}


def test_a_run_of_a_release_without_endpoints_registers_its_url(receiver: Receiver) -> None:
    # given
    world = World(receiver.url, registered=False)
    # when
    world.deliver()
    # then
    headers, body = receiver.got[0]
    assert Webhook(world.endpoint.keys[0].secret).verify(body, headers)
    assert world.callback.status is CallbackStatus.DELIVERED


def test_the_answer_is_never_kept(receiver: Receiver) -> None:
    # given
    receiver.answers, receiver.headers = [500], {"x-canary": "c4n4ry"}
    world = World(receiver.url)
    # when
    world.deliver()
    # then
    kept = repr(world.endpoints.items) + world.record.model_dump_json() + str(world.log)
    assert "c4n4ry" not in kept


def test_one_burst_of_refusals_counts_once(receiver: Receiver) -> None:
    # given: three runs whose deliveries are under way at the same time
    receiver.answers = [429, 429, 429]
    world = World(receiver.url)
    endpoint = world.endpoint
    parcel = Parcel(kind="run", event_id="evt_1", body=b"{}")
    # when
    for _ in range(3):
        world.delivery.post.send(endpoint, parcel)
    # then
    assert (world.endpoint.slowdowns, world.endpoint.slow_until) == (1, world.at + timedelta(seconds=2))


@dataclass
class Contended(MemoryItems):
    """Endpoints into which somebody else writes all the time, from when it is told."""

    begun: bool = False

    def put_all(self, items: tuple[Item, ...]) -> None:
        if self.begun and any(item.name.startswith("endpoint#") for item in items):
            raise Conflict("somebody else was first")
        super().put_all(items)


def test_the_log_has_an_entry_although_the_endpoint_cannot_be_written(receiver: Receiver) -> None:
    # given
    receiver.answers = [429]
    items = Contended()
    world = World(receiver.url, items=items)
    items.begun = True
    # when
    world.deliver()
    # then
    assert [entry.error for entry in world.log] == ["http_429"]
    assert (world.callback.deliveries, world.endpoint.slow_until) == (1, None)


def test_what_somebody_asks_for_is_not_pushed_aside_by_a_slow_endpoint(receiver: Receiver) -> None:
    # given
    world = World(receiver.url)
    world.endpoints.slow_down("acme", world.endpoint_id, 60)
    asked = Ask(what="redrive", attempt=1, at=world.at)
    world.runs.replace(world.record.asking(asked))
    # when
    world.deliver()
    # then
    assert (receiver.got, world.record.due_at) == ([], world.at)


@pytest.mark.parametrize("replay", [False, True], ids=["first", "replayed"])
def test_a_consumer_cannot_stretch_the_schedule(receiver: Receiver, replay: bool) -> None:
    # given: it asks for a day, each time
    receiver.answers, receiver.headers = [503] * 12, {"retry-after": "86400"}
    world = World(receiver.url)
    if replay:
        again = world.callback.model_copy(update=replayed(world.at) | {"deliveries": 1})
        old = {"ended_at": world.at - timedelta(days=30), "callback": again}
        world.runs.replace(world.record.model_copy(update=old))
    began, number = world.at, world.callback.deliveries
    # when
    while world.callback.status is CallbackStatus.PENDING:
        number += 1
        world.deliver(number)
        world.at = world.record.due_at or world.at
    # then
    assert (world.callback.status, world.callback.deliveries - replay) == (CallbackStatus.GIVEN_UP, 5)
    assert world.at <= began + PATIENCE


@pytest.mark.parametrize(("body", "error"), [(b"torn", "Corrupt"), (None, "ValidationError")])
def test_an_endpoint_that_cannot_be_read_is_an_attempt(receiver: Receiver, body: bytes | None, error: str) -> None:
    # given
    items = MemoryItems()
    world = World(receiver.url, items=items)
    context = {"tenant": "acme", "purpose": "endpoint", "schema": "endpoint/1"}
    sealed = world.endpoints.envelope.encrypt(b"{}", context) if body is None else body
    (item,) = items.items.values()
    items.put(replace(item, body=sealed))
    # when
    world.deliver()
    # then
    assert receiver.got == []
    assert (world.callback.deliveries, world.callback.last_error) == (1, f"endpoint: {error}")
    assert world.record.due_at == world.at + timedelta(seconds=1)


@dataclass
class Counting(httpcore.NetworkBackend):
    """Counts what is read of its connections."""

    read: int = 0

    def connect_tcp(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        stream = httpcore.SyncBackend().connect_tcp(*arguments, **options)
        plain = stream.read

        def counted(*arguments: Any, **options: Any) -> bytes:
            found = plain(*arguments, **options)
            self.read += len(found)
            return found

        stream.read = counted  # type: ignore[method-assign]
        return stream


def test_of_a_long_answer_four_kib_are_read() -> None:
    # given
    head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"
    backend = Counting()
    with raw(lambda connection: suppress_reset(connection, head + b"z" * 200_000)) as url:
        # when
        sender = HttpSender(allowed=frozenset({"127.0.0.1"}), plain=backend)
        reply = sender.send(Letter(url=url, headers={}, body=b"{}"))
    # then
    assert reply.status == 200
    assert backend.read <= len(head) + MAX_ANSWER


def suppress_reset(connection: socket.socket, answer: bytes) -> None:
    with suppress(ConnectionError):
        connection.sendall(answer)
