"""Live progress: read over a real connection while the run moves, woken by a real Redis."""

import asyncio
import itertools
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
import uvicorn
from services.ingestion.tests.component.world import AUTH, RIVALS, World

from millrace.contracts.events import events
from millrace.contracts.run import Ask, CallbackStatus, RunRecord, RunStatus, StageRecord
from millrace.ingestion.connections import BoundedProtocol
from millrace.ingestion.errors import TooManyStreams
from millrace.ingestion.failures import Failures
from millrace.ingestion.streams import Listener, Pace, Streams, encoded
from millrace.ingestion.watching import RedisWatch, connect_watch
from millrace.local.servers import Server
from millrace.storage.announcing import AnnouncingRuns, connect_announcer
from millrace.storage.errors import NotFound, StorageError, Unavailable
from millrace.storage.items import Item, MemoryItems
from millrace.storage.memory import MemoryRuns
from millrace.testing.factories import START, callback_record, run_record

LONG_S = 60.0
"""A look of its own comes too late for the test: whoever gets an event earlier was woken."""
GIVE_UP_S = 20.0
SECOND = timedelta(seconds=1)


def stage(record: RunRecord, name: str, joined: bool) -> RunRecord:
    made = StageRecord(name=name, started_at=START, deadline_at=START + SECOND, joined_at=START if joined else None)
    kept = tuple(each for each in record.stages if each.name != name)
    return record.model_copy(update={"stages": (*kept, made), "status": RunStatus.RUNNING})


def ended(record: RunRecord) -> RunRecord:
    return record.model_copy(update={"status": RunStatus.COMPLETED, "ended_at": START + SECOND})


def called_back(record: RunRecord) -> RunRecord:
    assert record.callback is not None
    done = record.callback.model_copy(update={"status": CallbackStatus.DELIVERED, "delivered_at": START + 2 * SECOND})
    return record.model_copy(update={"callback": done})


MOVES = (
    lambda record: stage(record, "first", False), lambda record: stage(record, "first", True),
    lambda record: stage(record, "second", True), ended, called_back,
)  # fmt: skip


@dataclass
class Stage:
    """An API on a port, a store that announces, and one run."""

    url: str
    runs: AnnouncingRuns
    streams: Streams
    record: RunRecord

    @property
    def path(self) -> str:
        return f"{self.url}/v1/runs/{self.record.run_id}/events"

    def move(self, number: int) -> None:
        self.record = self.runs.replace(MOVES[number](self.record))

    @contextmanager
    def listen(self, last: str = "") -> Iterator[Iterator[dict[str, str]]]:
        headers = AUTH | ({"last-event-id": last} if last else {})
        with httpx.stream("GET", self.path, headers=headers, timeout=GIVE_UP_S) as answer:
            assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
            yield told(answer.iter_lines())


def told(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """The events of a stream: its fields by name, comments and what has no id left out."""
    fields: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif not line:
            if "id" in fields:
                yield fields
            fields = {}


@contextmanager
def served(world: World) -> Iterator[str]:
    config = uvicorn.Config(world.app, http=BoundedProtocol, loop="uvloop", log_config=None, access_log=False)
    server, bound = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    server.should_exit = server.force_exit = True
    thread.join()


@pytest.fixture
def watch(redis_server: Server) -> RedisWatch:
    return connect_watch(redis_server.url)


@pytest.fixture
def live(redis_server: Server, watch: RedisWatch) -> Iterator[Stage]:
    world = World()
    runs = AnnouncingRuns(world.runs, connect_announcer(redis_server.url))
    world.streams.watch, world.streams.runs = watch, runs
    world.streams.pace = Pace(look_s=LONG_S, look_alone_s=LONG_S)
    world.streams.most_of_tenant = 2
    record = run_record()
    record = record.model_copy(update={"callback": callback_record(record.run_id)})
    runs.create(record)
    with served(world) as url:
        yield Stage(url, runs, world.streams, record)


def wait_until(true: "threading.Event | object", what: object = None) -> None:
    """Until a callable says so; for what no event tells of."""
    pause = threading.Event()
    for _ in range(int(GIVE_UP_S / 0.01)):
        if true():  # type: ignore[operator]
            return
        pause.wait(0.01)
    raise AssertionError(f"gave up waiting for {what}")


def test_each_change_is_told_as_it_happens_until_the_last(live: Stage, watch: RedisWatch) -> None:
    # given
    with live.listen() as stream:
        seen = [next(stream)]
        wait_until(lambda: watch.live, "the subscription")
        # when: each move is told before the next is made
        for number in range(len(MOVES)):
            before = len(events(live.record))
            live.move(number)
            seen += [next(stream) for _ in range(len(events(live.record)) - before)]
        # then
        assert next(stream, None) is None
    assert [each["event"] for each in seen] == [
        "run.accepted", "stage.started", "stage.joined", "stage.started", "stage.joined", "run.ended",
        "callback.delivered",
    ]  # fmt: skip


@pytest.mark.parametrize("read", range(1, 7))
def test_who_comes_back_goes_on_exactly_where_the_stream_broke(live: Stage, read: int) -> None:
    # given
    for number in range(len(MOVES)):
        live.move(number)
    with live.listen() as stream:
        first = [next(stream)["id"] for _ in range(read)]
    # when
    with live.listen(first[-1]) as stream:
        rest = [each["id"] for each in stream]
    # then
    assert first + rest == [event.id for event in events(live.record)]


def test_a_run_that_is_to_be_redriven_is_not_over(live: Stage) -> None:
    # given
    for number in range(len(MOVES)):
        live.move(number)
    last = events(live.record)[-1].id
    live.record = live.runs.replace(live.record.asking(Ask(what="redrive", attempt=1, at=START)))
    # when: the redrive's first event is waited for
    with live.listen(last) as stream:
        live.runs.replace(live.record.model_copy(update={"attempt": 2, "status": RunStatus.RUNNING}))
        # then
        assert next(stream)["event"] == "run.redriven"


def test_after_the_last_event_there_is_nothing_to_connect_for(live: Stage) -> None:
    # given
    for number in range(len(MOVES)):
        live.move(number)
    # when
    answer = httpx.get(live.path, headers=AUTH | {"last-event-id": events(live.record)[-1].id})
    # then
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("headers", "run", "expected"),
    [
        (RIVALS, "", 404), (AUTH, "run_01M8000000000000000000000A", 404), (AUTH, "x", 404), ({}, "", 401),
        (AUTH | {"last-event-id": "7"}, "", 400), (AUTH | {"last-event-id": "1" * 65}, "", 422),
    ],
    ids=["another tenant", "no such run", "no id", "no key", "no event's id", "long"],
)  # fmt: skip
def test_what_is_refused_is_a_problem_and_no_stream(
    live: Stage, headers: dict[str, str], run: str, expected: int
) -> None:
    # when
    answer = httpx.get(live.path.replace(live.record.run_id, run or live.record.run_id), headers=headers)
    # then
    assert (answer.status_code, answer.headers["content-type"]) == (expected, "application/problem+json")


def test_a_client_that_goes_away_gives_everything_back(live: Stage, watch: RedisWatch) -> None:
    # given
    with live.listen() as one, live.listen() as other:
        next(one), next(other)
        assert live.streams.open == 2
        third = httpx.get(live.path, headers=AUTH)
        assert (third.status_code, third.headers["retry-after"]) == (429, "5")
    # when / then
    wait_until(lambda: live.streams.open == 0, "the streams' places")
    wait_until(lambda: not watch._waiting and watch._listener is None, "the subscription's end")
    with live.listen() as stream:
        assert next(stream)["event"] == "run.accepted"


def test_streams_end_with_the_process(live: Stage) -> None:
    # given
    with live.listen() as stream:
        next(stream)
        # when
        live.streams.end()
        # then
        assert next(stream, None) is None


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


def collect(streams: Streams, listener: Listener, count: int = 99) -> list[bytes]:
    async def read() -> list[bytes]:
        found: list[bytes] = []
        told = streams.told(listener)
        async for each in told:
            found.append(each)
            if len(found) == count:
                break
        await told.aclose()  # type: ignore[attr-defined]
        return found

    return asyncio.run(asyncio.wait_for(read(), GIVE_UP_S))


def quiet(**pace: float) -> tuple[Streams, RunRecord]:
    """A run to which nothing happens."""
    runs, record = MemoryRuns(), run_record()
    runs.create(record)
    return Streams(runs=runs, pace=Pace(**pace)), record


def test_a_key_that_was_revoked_ends_the_stream() -> None:
    # given
    streams, record = quiet(key_s=0.02)
    # when
    found = collect(streams, Listener(tenant=record.tenant, run_id=record.run_id, allowed=no))
    # then: the pause to connect again after, and what had happened
    assert len(found) == 2


@dataclass
class Failing(MemoryItems):
    """Items that cannot be read when they are told so."""

    error: StorageError | None = None

    def get(self, owner: str, name: str) -> Item:
        if self.error is not None:
            raise self.error
        return super().get(owner, name)


@pytest.mark.parametrize("error", [Unavailable("away"), StorageError("odd"), NotFound("revoked")])
def test_a_stream_goes_on_while_nobody_knows_of_its_key(error: StorageError) -> None:
    # given: nothing is remembered
    items, record = Failing(), run_record()
    world = World(items=items, timer=itertools.count(0, 1_000).__next__)
    world.runs.create(record)
    world.streams.pace = Pace(key_s=0.02, heartbeat_s=0.1, longest_s=GIVE_UP_S)
    with served(world) as url, httpx.stream("GET", f"{url}/v1/runs/{record.run_id}/events", headers=AUTH) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("retry")
        # when: nor may the address fail even once
        world.keys.failures, items.error = Failures(0), error
        found = list(itertools.islice((line for line in lines if line.startswith(":")), 3))
    # then
    assert len(found) == (0 if isinstance(error, NotFound) else 3)


def test_an_event_is_told_in_ascii() -> None:
    # when
    told = encoded(events(run_record())[0].model_copy(update={"reason": "a\u2028b\u0085c"}))
    # then
    assert told.isascii() and b"a\\u2028b\\u0085c" in told


def test_signs_of_life_come_while_nothing_happens() -> None:
    # given
    streams, record = quiet(heartbeat_s=0.02)
    # when
    found = collect(streams, Listener(tenant=record.tenant, run_id=record.run_id, allowed=yes), 4)
    # then
    assert found[2:] == [b": \n\n"] * 2


def test_a_stream_ends_by_itself_after_a_while() -> None:
    # given
    streams, record = quiet(longest_s=0.05)
    # when / then
    assert len(collect(streams, Listener(tenant=record.tenant, run_id=record.run_id, allowed=yes))) == 2


def test_without_redis_the_run_is_looked_at_all_the_same() -> None:
    # given: nobody listens on this port
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    streams, record = quiet(look_alone_s=0.05)
    streams.watch = connect_watch(f"redis://127.0.0.1:{port}/0")

    async def read() -> list[bytes]:
        told, found = streams.told(Listener(tenant=record.tenant, run_id=record.run_id, allowed=yes)), []
        async for each in told:
            found.append(each)
            if len(found) == 2:
                streams.runs.replace(ended(record))
        return found

    # when / then
    assert len(asyncio.run(asyncio.wait_for(read(), GIVE_UP_S))) == 3


def test_the_process_holds_so_many_streams_in_all() -> None:
    # given
    streams, _ = quiet()
    streams.most = 2
    places = [streams.take(tenant) for tenant in ("acme", "rival")]
    with pytest.raises(TooManyStreams):
        streams.take("third")
    # when
    places[0]()
    # then
    streams.take("third")
