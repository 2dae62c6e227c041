"""What a worker tells of its load, and what follows from it."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from millrace.worker.load.report import Meter, Teller
from millrace.worker.load.store import LoadUnavailable, MemoryLoad
from millrace.worker.load.waits import PRIOR_S, wait_s, waits

ANNOTATE = SimpleNamespace(name="nlp.annotate")


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Told:
    """A store that keeps what it is told, or is away."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    away: bool = False

    def took(self, *what: Any) -> None:
        self.calls.append(what)
        if self.away:
            raise LoadUnavailable("redis: ConnectionError")


@dataclass
class World:
    clock: Clock
    store: Told
    meter: Meter

    def run(self, task_id: str, seconds: float, task: Any = ANNOTATE) -> None:
        self.meter.begin(task_id=task_id, task=task)
        self.clock.now += seconds
        self.meter.end(task_id=task_id, task=task)


@pytest.fixture
def world() -> World:
    clock, store = Clock(), Told()
    return World(clock, store, Meter(Teller(store, clock), clock))  # type: ignore[arg-type]


def test_measurements_are_told_once_a_second_and_none_is_left_out(world: World) -> None:
    # when
    for number in range(6):
        world.run(str(number), 0.25)
    # then: the first at once, then what came within a second
    assert world.store.calls == [("nlp", 1, 0.25), ("nlp", 4, 1.0)]


def test_messages_that_overlap_are_measured_each(world: World) -> None:
    # given: two greenlets
    world.meter.begin(task_id="a", task=ANNOTATE)
    world.clock.now += 1
    world.meter.begin(task_id="b", task=ANNOTATE)
    world.clock.now += 2
    # when
    world.meter.end(task_id="a", task=ANNOTATE)
    world.clock.now += 2
    world.meter.end(task_id="b", task=ANNOTATE)
    # then
    assert world.store.calls == [("nlp", 1, 3.0), ("nlp", 1, 4.0)]


def test_a_task_of_celerys_own_is_not_measured(world: World) -> None:
    world.run("a", 1, SimpleNamespace(name="celery.backend_cleanup"))
    assert world.store.calls == []


def test_a_store_that_is_away_is_left_alone_for_a_while_and_told_of_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    world.store.away = True
    # when: one message a second, for ten seconds
    for number in range(10):
        world.run(str(number), 1.0)
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
