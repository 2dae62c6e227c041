"""The join's store: the same tests for Redis and for its twin."""

import pytest
from redis import Redis

from millrace.worker.join.store import JoinStore, MemoryJoins, RedisJoins


@pytest.fixture(params=["memory", "redis"])
def joins(request: pytest.FixtureRequest) -> JoinStore:
    if request.param == "memory":
        return MemoryJoins()
    client: Redis = request.getfixturevalue("redis")
    return RedisJoins(client)


def test_a_join_is_complete_with_its_last_part(joins: JoinStore) -> None:
    # given
    joins.open("run/1", 2)
    # when / then
    assert joins.add("run/1", "a", "1") is False
    assert joins.add("run/1", "b", "2") is True
    assert joins.values("run/1") == {"a": "1", "b": "2"}


def test_a_part_that_comes_twice_counts_once_and_its_first_value_stays(joins: JoinStore) -> None:
    # given
    joins.open("run/1", 2)
    joins.add("run/1", "a", "first")
    # when / then
    assert joins.add("run/1", "a", "second") is False
    assert joins.get("run/1", "a") == "first"


def test_the_last_part_says_so_again_when_it_is_repeated(joins: JoinStore) -> None:
    # given: the worker died after recording, before publishing the body
    joins.open("run/1", 1)
    joins.add("run/1", "a", "1")
    # when / then
    assert joins.add("run/1", "a", "1") is True


def test_a_join_that_was_lost_is_never_complete_by_accident(joins: JoinStore) -> None:
    # given
    joins.open("run/1", 2)
    joins.add("run/1", "a", "1")
    joins.close("run/1")
    # when / then
    assert not joins.opened("run/1")
    assert joins.add("run/1", "b", "2") is False
    assert joins.get("run/1", "a") is None


def test_a_part_that_was_dropped_may_report_again(joins: JoinStore) -> None:
    # given
    joins.open("run/1", 1)
    joins.add("run/1", "a", "failed")
    # when
    joins.drop("run/1", "a")
    # then
    assert joins.get("run/1", "a") is None
    assert joins.add("run/1", "a", "fine") is True
    assert joins.get("run/1", "a") == "fine"


def test_a_join_may_be_opened_again_while_parts_come_in(joins: JoinStore) -> None:
    # given
    joins.open("run/1", 2)
    joins.add("run/1", "a", "1")
    # when
    joins.open("run/1", 2)
    # then
    assert joins.add("run/1", "b", "2") is True
