"""What a worker tells of its load, and what follows from it."""

from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Any

import pytest

from millrace.contracts.base import now
from millrace.contracts.routing import UNROUTED
from millrace.worker import handling
from millrace.worker.handling import Handling
from millrace.worker.load.report import Meter, Teller
from millrace.worker.load.store import LoadUnavailable, MemoryLoad
from millrace.worker.load.waits import PRIOR_S, wait_s, waits

about = partial(pytest.approx, abs=0.2)
"""Seconds of a clock that nobody sets."""


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Told:
    """A store that keeps what it is told, or is away."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    begun: list[tuple[Any, ...]] = field(default_factory=list)
    away: bool = False

    def began(self, *what: Any) -> None:
        self.begun.append(what)

    def took(self, *what: Any) -> None:
        self.calls.append(what)
        if self.away:
            raise LoadUnavailable("redis: ConnectionError")


def work(seconds: float, queue: str = "nlp") -> Handling:
    """A message that has been at work for so long."""
    return Handling(task="any", queue=queue, sent_at=None, began_at=now(), begun=monotonic() - seconds)


@dataclass
class World:
    clock: Clock
    store: Told
    meter: Meter

    def run(self, seconds: float, queue: str = "nlp") -> None:
        """A message that ends now and began so long ago."""
        handling.begin(work(seconds, queue))
        self.meter.begin()
        self.clock.now += seconds
        self.meter.end()
        handling.end()


@pytest.fixture
def world() -> World:
    clock, store = Clock(), Told()
    return World(clock, store, Meter(Teller(store, clock), clock))  # type: ignore[arg-type]


def test_measurements_are_told_once_a_second_and_none_is_left_out(world: World) -> None:
    # when
    for _ in range(6):
        world.run(0.25)
    # then: the first at once, then what came within a second
    assert world.store.calls == [("nlp", 1, about(0.25)), ("nlp", 4, about(1.0))]


def test_messages_that_overlap_are_measured_each(world: World) -> None:
    # given: two greenlets, the second within the first
    outer, inner = copy_context(), copy_context()
    outer.run(handling.begin, work(seconds=3))
    inner.run(world.run, 1.5)
    world.clock.now += 1
    # when
    outer.run(world.meter.end)
    # then
    assert world.store.calls == [("nlp", 1, about(1.5)), ("nlp", 1, about(3.0))]


def test_a_message_that_is_begun_is_told_of_at_once_and_at_most_once_a_second(world: World) -> None:
    # given
    sent = now()
    # when: long work, one begun within the second after it, and one after that
    for seconds in (0.0, 0.5, 1.0):
        world.clock.now += seconds
        handling.begin(replace(work(0), sent_at=sent + timedelta(seconds=world.clock.now - 100)))
        world.meter.begin()
    handling.end()
    # then
    assert world.store.begun == [("nlp", sent.timestamp()), ("nlp", about(sent.timestamp() + 1.5))]


def test_a_task_of_celerys_own_is_not_measured(world: World) -> None:
    world.run(1, UNROUTED)
    assert world.store.calls == []


def test_a_store_that_is_away_is_left_alone_for_a_while_and_told_of_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    world.store.away = True
    # when: one message a second, for ten seconds
    for _ in range(10):
        world.run(1.0)
    # then
    assert len(world.store.calls) == 5
    assert [record.message for record in caplog.records] == ["load_not_told"]


@pytest.mark.parametrize(
    ("depth", "seconds", "slots", "expected"), [(0, 9.0, 0, 0.0), (10, 0.5, 2, 2.5), (10, 0.5, 0, 5.0)]
)
def test_a_wait_is_the_work_ahead_shared_by_the_slots(depth: int, seconds: float, slots: int, expected: float) -> None:
    assert wait_s(depth, seconds, slots) == expected


def test_waits_take_what_is_known_of_each_queue() -> None:
    # given
    @dataclass
    class Depths:
        def of(self, queues: Any) -> dict[str, int]:
            return {"nlp": 8, "analytics": 4, "callback": 0}

    load = MemoryLoad()
    load.alive("a", "nlp", 4)
    load.took("nlp", 10, 5.0)
    # when
    found = waits(Depths(), load, ["nlp", "analytics", "callback"])
    # then: analytics has no worker and was never measured
    assert found == pytest.approx({"nlp": 1.0, "analytics": 4 * PRIOR_S, "callback": 0.0})
