from collections.abc import Callable

import pytest

from millrace.client.errors import Unavailable, WaitTimeout
from millrace.client.waiting import wait
from millrace.contracts.api import Problem, RunView

Answer = RunView | Unavailable
AWAY = Unavailable(Problem(type="about:blank", title="Bad Gateway", status=502))


class Time:
    """A clock that only pauses move, and a run whose looks are given."""

    def __init__(self, *answers: Answer, asked: float | None = None) -> None:
        self.now = 100.0
        self.pauses: list[float] = []
        self.lefts: list[float] = []
        self.changes: list[RunView] = []
        self._answers = answers
        self._asked = asked

    def pause(self, seconds: float) -> None:
        self.pauses.append(round(seconds, 4))
        self.now += seconds

    def look(self, left: float) -> tuple[RunView, float | None]:
        self.lefts.append(round(left, 4))
        answer = self._answers[min(len(self.lefts), len(self._answers)) - 1]
        if isinstance(answer, Unavailable):
            raise answer
        return answer, self._asked

    def wait(self, timeout: float) -> RunView:
        return wait(
            "run_1", self.look, timeout, on_change=self.changes.append, pause=self.pause, clock=lambda: self.now
        )


def test_the_pause_grows_to_half_a_second_and_a_change_makes_it_short(make_view: Callable[..., RunView]) -> None:
    # given
    quiet, moved, ended = make_view("running", 0), make_view("running", 1), make_view("completed", None, None, None)
    time = Time(*[quiet] * 7, moved, ended)

    # when
    found = time.wait(60)

    # then: each pause is one and a half times the one before
    assert time.pauses == [0.1, 0.15, 0.225, 0.3375, 0.5, 0.5, 0.5, 0.1]
    assert found == ended
    assert time.changes == [quiet, moved, ended]


def test_a_longer_pause_that_the_api_asks_for_is_kept(make_view: Callable[..., RunView]) -> None:
    # given
    time = Time(make_view("running", 0), make_view("completed", None, None, None), asked=2.0)

    # when
    time.wait(60)

    # then
    assert time.pauses == [2.0]


def test_the_wait_ends_at_its_timeout_with_the_last_view(make_view: Callable[..., RunView]) -> None:
    # given
    running = make_view("running", 0)
    time = Time(running)

    # when / then
    with pytest.raises(
        WaitTimeout, match=r"run_1 had not ended after 0\.3 s of waiting \(last status: running\)"
    ) as caught:
        time.wait(0.3)
    assert caught.value.last == running
    assert time.pauses == [0.1, 0.15, 0.05]
    assert time.lefts == [0.3, 0.2, 0.05]


def test_a_run_whose_redrive_is_at_work_has_not_ended(make_view: Callable[..., RunView], redriven: RunView) -> None:
    # given
    ended = make_view("completed", None, None, None, attempt=2)
    time = Time(redriven, ended)

    # when / then
    assert time.wait(60) == ended
    assert time.changes == [redriven, ended]


def test_without_time_the_run_is_looked_at_once(make_view: Callable[..., RunView]) -> None:
    ended = make_view("completed", None, None, None)

    assert Time(ended).wait(0) == ended


def test_an_api_that_is_away_for_a_while_is_waited_for(make_view: Callable[..., RunView]) -> None:
    # given
    ended = make_view("completed", None, None, None)
    time = Time(AWAY, AWAY, ended)

    # when / then
    assert time.wait(60) == ended
    assert time.changes == [ended]


def test_an_api_that_stays_away_is_named_as_the_cause() -> None:
    with pytest.raises(WaitTimeout, match="last status: not seen") as caught:
        Time(AWAY).wait(0.2)
    assert caught.value.__cause__ is AWAY
    assert caught.value.last is None
