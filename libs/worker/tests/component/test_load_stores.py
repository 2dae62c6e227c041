"""The load's store: the same tests for Redis and for its twin."""

import time
from collections.abc import Callable

import pytest
from redis import Redis

from millrace.worker.load.store import LoadStore, LoadUnavailable, MemoryLoad, RedisLoad, connect_load

SHORT_S = 0.05
PATIENCE_S = 30
"""Bounds a hang; nothing is expected to take as long."""


def make(request: pytest.FixtureRequest, **options: float) -> LoadStore:
    if request.param == "memory":
        return MemoryLoad(**options)  # type: ignore[arg-type]
    client: Redis = request.getfixturevalue("redis")
    return RedisLoad(client, **options)  # type: ignore[arg-type]


def wait_until(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < give_up, "it never came true"


@pytest.fixture(params=["memory", "redis"])
def load(request: pytest.FixtureRequest) -> LoadStore:
    return make(request)


@pytest.fixture(params=["memory", "redis"])
def hasty(request: pytest.FixtureRequest) -> LoadStore:
    """Forgets workers and measurements soon."""
    return make(request, alive_s=SHORT_S, fades_s=SHORT_S)


def test_a_store_that_nobody_told_anything_knows_nothing(load: LoadStore) -> None:
    assert (load.slots(), load.seconds(["nlp", "analytics"])) == ({}, {})


def test_slots_of_all_workers_of_a_queue_add_up_and_a_beat_again_counts_once(load: LoadStore) -> None:
    # when
    for worker, queue, slots in [("a", "nlp", 2), ("b", "nlp", 4), ("b", "nlp", 4), ("c", "dataset-customers", 1)]:
        load.alive(worker, queue, slots)
    # then
    assert load.slots() == {"nlp": 6, "dataset-customers": 1}


def test_a_worker_that_falls_silent_is_forgotten_and_one_that_comes_back_counts(hasty: LoadStore) -> None:
    # given
    hasty.alive("a", "nlp", 2)
    # when
    wait_until(lambda: hasty.slots() == {})
    # then
    wait_until(lambda: hasty.alive("a", "nlp", 3) or hasty.slots() == {"nlp": 3})


def test_what_workers_hold_adds_up_and_is_forgotten_with_them(load: LoadStore, hasty: LoadStore) -> None:
    # when
    load.alive("a", "nlp", 2, 1)
    load.alive("b", "nlp", 4, 3)
    load.alive("a", "nlp", 2, 2)
    # then
    assert load.held() == {"nlp": 5}
    # and when
    hasty.alive("c", "callback", 2, 1)
    # then
    wait_until(lambda: "callback" not in hasty.held())


def test_times_of_queues_are_known_and_what_was_begun_never_goes_back(load: LoadStore) -> None:
    # given
    assert (load.begun(["nlp"]), load.emptied(["nlp"])) == ({}, {})
    # when
    for sent in (100.25, 300.5, 200.0):
        load.began("nlp", sent)
    load.empty(["nlp", "callback"], 50.0)
    load.empty(["nlp"], 60.125)
    load.empty([], 70.0)
    # then
    assert load.begun(["nlp", "callback"]) == {"nlp": 300.5}
    assert load.emptied(["nlp", "callback", "analytics"]) == {"nlp": 60.125, "callback": 50.0}


def test_seconds_per_message_are_the_mean_of_all_who_measured(load: LoadStore) -> None:
    # when: told at nearly the same time, so that nothing has faded to speak of
    load.took("nlp", 1, 0.4)
    load.took("nlp", 3, 0.4)
    load.took("callback", 2, 0.02)
    # then
    assert load.seconds(["nlp", "callback", "analytics"]) == pytest.approx({"nlp": 0.2, "callback": 0.01}, rel=0.05)


def test_what_was_measured_long_ago_counts_less_than_what_is_new(hasty: LoadStore) -> None:
    # given: a thousand slow messages
    hasty.took("nlp", 1000, 1000.0)
    # when / then: without fading, a hundred thousand quick ones would be needed
    wait_until(lambda: hasty.took("nlp", 1, 0.01) or hasty.seconds(["nlp"])["nlp"] < 0.02)


def test_the_last_known_time_stays_while_nothing_runs() -> None:
    # given
    now = 0.0
    load = MemoryLoad(clock=lambda: now)
    load.took("nlp", 10, 3.0)
    # when
    now = 600.0
    # then
    assert load.seconds(["nlp"]) == pytest.approx({"nlp": 0.3})


def test_what_redis_keeps_expires_by_itself(redis: "Redis") -> None:
    # given
    load = RedisLoad(redis)
    load.alive("a", "nlp", 2)
    load.took("nlp", 1, 0.1)
    # then: the set of names goes when its last name does
    assert 0 < redis.pttl("load:worker:a nlp") <= 4000
    assert 3000 < redis.ttl("load:measured:nlp") <= 3600


def test_a_redis_that_is_away_is_unavailable() -> None:
    # given: a port where nobody listens
    load = connect_load("redis://127.0.0.1:1/0")
    # when / then
    for call in (
        load.slots,
        lambda: load.seconds(["nlp"]),
        lambda: load.took("nlp", 1, 1),
        lambda: load.alive("a", "b", 1),
        load.held,
        lambda: load.began("nlp", 1.0),
        lambda: load.begun(["nlp"]),
        lambda: load.empty(["nlp"], 1.0),
        lambda: load.emptied(["nlp"]),
    ):
        with pytest.raises(LoadUnavailable, match="ConnectionError"):
            call()
