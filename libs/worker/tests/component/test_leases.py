"""A short visibility timeout: long tasks run once, dead workers' tasks run again, stuck ones are let go."""

import signal
from collections.abc import Callable

import pytest

from millrace.testing.nap_app import CLING_LIMIT_S
from millrace.testing.workers import Workers

POOLS = ["prefork", "gevent"]
Record = Callable[[str, object], None]


@pytest.mark.parametrize("pool", POOLS)
def test_a_task_longer_than_the_visibility_timeout_runs_once(workers: Workers, pool: str) -> None:
    # given: two workers, so that one of them is free to take the message
    workers.start(pool)
    workers.start(pool)
    # when
    workers.publish("nap", workers.visibility_s + 3)
    workers.publish("nap", workers.visibility_s + 3)
    workers.wait_for("ended", 2)
    # then
    assert len(workers.events("began")) == 2


@pytest.mark.parametrize("pool", POOLS)
def test_the_task_of_a_killed_worker_is_taken_up(workers: Workers, pool: str, record_property: Record) -> None:
    # given: a task whose lease has been renewed
    first = workers.start(pool)
    workers.publish("nap", 25)
    began = workers.wait_for("began")[0]
    second = workers.start(pool)
    # when
    killed_at = workers.kill(first)
    again = workers.wait_for("began", 2)[1]
    # then
    assert again["pid"] != began["pid"]
    assert second.running
    record_property("seconds_until_taken_up", round(again["at"] - killed_at, 2))


def test_a_task_that_outlives_its_hard_limit_loses_its_lease(workers: Workers) -> None:
    # given: only a greenlet can outlive its limit; a child is killed
    first = workers.start("gevent")
    workers.publish("cling", 40)
    workers.wait_for("began")
    workers.start("gevent")
    # when
    workers.wait_for_log(first, "lease_given_up")
    # then
    began = workers.wait_for("began", 2)
    assert began[1]["at"] - began[0]["at"] > CLING_LIMIT_S


@pytest.mark.parametrize("pool", POOLS)
def test_rabbitmq_hands_on_the_task_of_a_killed_worker_by_itself(
    workers_on_rabbitmq: Workers, pool: str, record_property: Record
) -> None:
    # given
    workers = workers_on_rabbitmq
    first = workers.start(pool)
    workers.publish("nap", 25)
    workers.wait_for("began")
    workers.start(pool)
    # when
    killed_at = workers.kill(first)
    # then
    record_property("seconds_until_taken_up", round(workers.wait_for("began", 2)[1]["at"] - killed_at, 2))


@pytest.mark.parametrize(("broker", "bound_s"), [("redis", 3), ("sqs", 4), ("rabbitmq", 3)])
def test_the_task_of_a_killed_child_is_handed_back_at_once(
    request: pytest.FixtureRequest, broker: str, bound_s: float, record_property: Record
) -> None:
    # given: without the patches of `pool` and `sqs`, most of these take 5 s, and more than 10 s on SQS
    workers: Workers = request.getfixturevalue(f"workers_on_{broker}")
    workers.start("prefork")
    waits = []
    # when
    for number in range(5):
        workers.key = f"{number}-{workers.key}"
        workers.publish("die")
        workers.wait_for("ended")
        first, second = workers.events("began")
        waits.append(second["at"] - first["at"])
    # then
    record_property("seconds_until_handed_back", [round(wait, 2) for wait in waits])
    assert max(waits) < bound_s


def test_a_worker_that_was_frozen_meanwhile_does_not_lose_the_task_of_another(workers: Workers) -> None:
    # given: a worker whose lease ran out while it could not renew it
    first = workers.start("prefork")
    workers.publish("nap", 1)
    workers.wait_for("began")
    first.send(signal.SIGSTOP)
    second = workers.start("prefork")
    # when
    workers.wait_for("ended")
    first.send(signal.SIGCONT)
    workers.wait_for("ended", 2)
    # then: both go on
    workers.publish("nap", 0)
    workers.wait_for("ended", 3)
    assert first.running and second.running
