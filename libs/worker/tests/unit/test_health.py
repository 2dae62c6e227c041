"""The health files: when the worker is ready, when it is alive, and no reason to fail when they cannot be written."""

import json
import os
import time
from datetime import datetime
from pathlib import Path

import pytest

from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.health import SPREAD, Beat, spread
from millrace.worker.polls import Polls
from millrace.worker.settings import WorkerSettings

KUBELET_FORGETS_S = 600


class Clock:
    """A clock that a test sets."""

    now = time.monotonic()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def beat(tmp_path: Path, clock: Clock) -> Beat:
    """Of a worker that is warm and was answered just now; ready for 10 s without an answer, alive for 60."""
    made = Beat(path=tmp_path / "health", warm=lambda: True, ready_s=10, live_s=60, polls=Polls(clock=clock))
    made.polls.answered()
    return made


def told(path: Path) -> dict[str, object]:
    said: dict[str, object] = json.loads(path.read_text())
    return said


def test_the_file_says_who_is_ready_and_when_the_broker_answered(beat: Beat, clock: Clock) -> None:
    # given
    clock.now += 4
    # when / then
    assert beat() is True
    said = told(beat.path)
    assert [(each["pid"], each["ready"]) for each in (said, told(beat.live_path))] == [(os.getpid(), True)] * 2
    at, polled_at = (datetime.fromisoformat(str(said[name])) for name in ("at", "polled_at"))
    assert (at - polled_at).total_seconds() == pytest.approx(4, abs=0.01)


def test_a_worker_that_is_not_warm_is_alive_and_not_ready(beat: Beat) -> None:
    # given
    beat.warm = lambda: False
    # when / then
    assert beat() is False
    assert not beat.path.exists()
    assert told(beat.live_path)["ready"] is False


def test_a_silent_broker_ends_readiness_soon_and_liveness_late(beat: Beat, clock: Clock) -> None:
    # given
    beat()
    # when
    clock.now += 10
    # then
    assert beat() is False
    assert (beat.path.exists(), told(beat.live_path)["ready"]) == (False, False)
    # and when it stays so
    clock.now += 49.9
    beat()
    last = told(beat.live_path)
    clock.now += 0.1
    beat()
    assert told(beat.live_path) == last


def test_an_answer_brings_both_back(beat: Beat, clock: Clock) -> None:
    # given
    clock.now += 1000
    assert beat() is False and not beat.live_path.exists()
    # when
    beat.polls.answered()
    # then
    assert beat() is True and beat.live_path.exists()


def test_before_the_first_answer_the_start_counts(tmp_path: Path) -> None:
    # given
    path = tmp_path / "health"
    young = Beat(path=path, warm=lambda: True, ready_s=10, live_s=60, polls=Polls())
    # when / then
    assert young() is False
    assert told(young.live_path)["polled_at"] is None
    young.live_path.unlink()
    young.started -= 60
    young()
    assert not young.live_path.exists()


@pytest.mark.parametrize("answered", [True, False])
def test_what_tries_to_reach_the_broker_is_alive_for_however_long_and_not_ready(
    beat: Beat, clock: Clock, answered: bool
) -> None:
    # given: it was answered long ago, or never and was started long ago
    beat.polls.while_trying(beat.trying)
    beat.polls.answered_at = clock() if answered else None
    clock.now += 100_000
    beat.started -= 100_000
    beat.live()
    assert not beat.live_path.exists()
    # when
    beat.polls.trying()
    # then
    assert told(beat.live_path)["ready"] is False
    assert not beat.path.exists()


def test_a_forked_child_says_nothing(beat: Beat) -> None:
    # given
    beat.pid += 1
    # when
    beat.live()
    beat.trying()
    # then
    assert not beat.live_path.exists()


def test_not_all_workers_give_up_at_once() -> None:
    bounds = [spread(60) for _ in range(200)]
    assert 60 <= min(bounds) < 70 < 110 < max(bounds) <= 60 * SPREAD


def test_each_life_outlasts_the_time_after_which_a_kubelet_restarts_at_once() -> None:
    assert WorkerSettings(message_secret=MESSAGE_SECRET).live_poll_s > KUBELET_FORGETS_S


def test_a_full_disk_leaves_the_old_file_and_is_told_once(beat: Beat, caplog: pytest.LogCaptureFixture) -> None:
    # given
    beat()
    before = beat.path.stat().st_mtime_ns
    beat.path.with_suffix(".new").symlink_to("/dev/full")
    # when
    assert [beat() for _ in range(3)] == [False, False, False]
    # then
    assert beat.path.stat().st_mtime_ns == before
    assert [(record.message, record.error) for record in caplog.records] == [  # type: ignore[attr-defined]
        ("health_unwritable", "No space left on device")
    ]


def test_once_there_is_room_again_the_file_is_new(beat: Beat, tmp_path: Path) -> None:
    # given
    beat.path = tmp_path / "gone" / "health"
    assert beat() is False
    # when
    beat.path.parent.mkdir()
    # then
    assert beat() is True
    assert beat.failing == set()
