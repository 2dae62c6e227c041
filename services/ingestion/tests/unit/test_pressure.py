"""Which runs are worth accepting, and how the queues are looked at."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from millrace.contracts.flow import Flow
from millrace.ingestion.domain.pressure import estimate_s, retry_after_s
from millrace.ingestion.pressure import QueuePressure
from millrace.worker.load.store import LoadUnavailable


def flow(*stages: tuple[str, ...]) -> Flow:
    """A flow of stages, each of these tasks."""
    made = [
        {
            "name": f"s{number}",
            "budget_s": 1,
            "steps": [{"name": f"t{number}_{k}", "task": t} for k, t in enumerate(tasks)],
        }
        for number, tasks in enumerate(stages)
    ]
    return Flow.model_validate({"name": "f", "report": "r.report", "stages": made})


FLOW = flow(("dataset.customers.ratings",), ("nlp.annotate", "analytics.kpis"), ("analytics.report",))


def test_stages_add_up_and_parallel_steps_wait_for_the_slowest() -> None:
    # given
    waits = {"dataset-customers": 1.0, "nlp": 4.0, "analytics": 2.0, "dataset-conversations": 50.0}
    # when / then: 1 + max(4, 2) + 2; nobody in this flow needs the conversations
    assert estimate_s(FLOW, waits) == 7.0


def test_what_every_run_passes_counts_too() -> None:
    assert estimate_s(FLOW, {"orchestration": 1.0, "distribution": 0.5, "callback": 0.25}) == 1.75


def test_a_task_that_only_a_newer_release_knows_is_no_wait() -> None:
    assert estimate_s(flow(("billing.charge",), ("nlp.annotate",)), {"nlp": 3.0}) == 3.0


@pytest.mark.parametrize(
    ("waiting_s", "deadline_s", "expected"),
    [
        (0.0, 10.0, None),
        (5.0, 10.0, None),
        (5.01, 10.0, 1),
        (7.5, 10.0, 3),
        (7.5, 20.0, None),
        (500.0, 10.0, 60),
        (0.0, -1.0, None),
        (1.0, float("nan"), None),
    ],
)
def test_half_of_the_deadline_may_be_waiting(waiting_s: float, deadline_s: float, expected: int | None) -> None:
    assert retry_after_s(flow(("nlp.annotate",)), deadline_s, {"nlp": waiting_s}) == expected


@dataclass
class Queues:
    """Queues that can be looked at, hang or are away."""

    now: float = 100.0
    looks: int = 0
    away: bool = False
    open: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.open.set()

    def look(self) -> Mapping[str, float]:
        self.looks += 1
        self.open.wait()
        if self.away:
            raise LoadUnavailable("broker: OperationalError")
        return {"nlp": float(self.looks)}


@pytest.fixture
def queues() -> Queues:
    return Queues()


@pytest.fixture
def pressure(queues: Queues) -> QueuePressure:
    return QueuePressure(queues.look, lambda: queues.now)


def settle(pressure: QueuePressure) -> None:
    """Wait for a look that goes on in the background."""
    assert pressure._looking is not None
    pressure._looking.join()


def test_the_queues_are_looked_at_once_a_second(pressure: QueuePressure, queues: Queues) -> None:
    # when
    within = [pressure.waits() for _ in range(5)]
    queues.now += 1.1
    pressure.waits()
    settle(pressure)
    # then
    assert (within, pressure.waits(), queues.looks) == ([{"nlp": 1.0}] * 5, {"nlp": 2.0}, 2)


def test_while_one_looks_the_others_use_what_was_seen_last(pressure: QueuePressure, queues: Queues) -> None:
    # given
    pressure.waits()
    queues.now += 1.1
    # when: the broker hangs
    queues.open.clear()
    found = [pressure.waits() for _ in range(5)]
    # then
    queues.open.set()
    settle(pressure)
    assert (found, queues.looks) == ([{"nlp": 1.0}] * 5, 2)


def test_what_was_seen_long_ago_is_worth_nothing(pressure: QueuePressure, queues: Queues) -> None:
    # given
    pressure.waits()
    queues.open.clear()
    # when
    queues.now += 3.1
    hanging = pressure.waits()
    queues.open.set()
    settle(pressure)
    # then
    assert (hanging, pressure.waits()) == (None, {"nlp": 2.0})


def test_queues_that_are_away_are_nobodys_reason_to_refuse_and_told_of_once_a_minute(
    pressure: QueuePressure, queues: Queues, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    queues.away = True
    # when: asked four times a second, for fifty-nine seconds
    found = []
    for _ in range(59 * 4):
        found.append(pressure.waits())
        settle(pressure)
        queues.now += 0.25
    # then
    assert set(found) == {None}
    assert queues.looks < 60
    assert [record.message for record in caplog.records] == ["load_unknown"]
