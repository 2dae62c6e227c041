"""The join's store: the same tests for Redis and for its twin."""

import pytest
from redis import Redis

from millrace.worker.join.errors import JoinUnavailable
from millrace.worker.join.redis_store import RedisJoins
from millrace.worker.join.store import Begun, JoinStore, MemoryJoins


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
    assert joins.begin("run/1", "a").value == "first"


def test_the_last_part_says_so_again_when_it_is_repeated(joins: JoinStore) -> None:
    # given: the worker died after recording, before publishing the body
    joins.open("run/1", 1)
    joins.add("run/1", "a", "1")
    # when / then
    assert joins.add("run/1", "a", "1") is True


def test_a_join_that_was_lost_is_never_complete_by_accident(joins: JoinStore) -> None:
    # given
    joins.open("run/1", 2)
    joins.seal("run/1")
    joins.add("run/1", "a", "1")
    joins.clear("run/1")
    # when / then
    assert not joins.sealed("run/1")
    assert joins.add("run/1", "b", "2") is False
    assert joins.values("run/1") == {"b": "2"}


def test_a_closed_join_takes_nothing_and_tells_its_parts(joins: JoinStore) -> None:
    # given
    joins.open("run/1", 1)
    joins.seal("run/1")
    joins.add("run/1", "a", "1")
    # when
    joins.close("run/1")
    # then
    assert (joins.closed("run/1"), joins.sealed("run/1")) == (True, False)
    assert joins.begin("run/1", "b") == Begun(times=1, closed=True)
    assert joins.add("run/1", "b", "2") is False
    assert joins.values("run/1") == {}


def test_a_closed_join_may_be_opened_again(joins: JoinStore) -> None:
    # given
    joins.close("run/1")
    # when
    joins.open("run/1", 1)
    # then
    assert joins.begin("run/1", "a").closed is False
    assert joins.add("run/1", "a", "1") is True


def test_a_join_is_sealed_only_when_it_was_opened_and_everything_was_published(joins: JoinStore) -> None:
    # when / then
    joins.open("run/1", 1)
    assert joins.sealed("run/1") is False
    joins.seal("run/1")
    assert joins.sealed("run/1") is True
    assert joins.sealed("run/2") is False


def test_it_is_counted_how_often_a_part_was_begun_without_an_end(joins: JoinStore) -> None:
    # given
    joins.open("run/1", 2)
    # when / then
    assert [joins.begin("run/1", "a").times for _ in range(3)] == [1, 2, 3]
    assert joins.begin("run/1", "b").times == 1


def test_a_part_that_was_dropped_may_report_and_be_begun_again(joins: JoinStore) -> None:
    # given
    joins.open("run/1", 1)
    joins.begin("run/1", "a")
    joins.add("run/1", "a", "failed")
    # when
    joins.drop("run/1", ["a"])
    # then
    assert joins.begin("run/1", "a") == Begun(times=1)
    assert joins.add("run/1", "a", "fine") is True
    assert joins.values("run/1") == {"a": "fine"}


def test_a_join_may_be_opened_again_while_parts_come_in(joins: JoinStore) -> None:
    # given
    joins.open("run/1", 3)
    joins.add("run/1", "a", "1")
    # when
    joins.open("run/1", 2)
    # then
    assert joins.add("run/1", "b", "2") is True


def test_a_store_that_is_away_is_a_retryable_error() -> None:
    # given: nobody listens on a port that was just given back
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    joins = RedisJoins(Redis(port=port))
    # when / then
    with pytest.raises(JoinUnavailable) as caught:
        joins.begin("run/1", "a")
    assert caught.value.retryable
