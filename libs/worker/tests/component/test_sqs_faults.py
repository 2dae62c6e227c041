"""Workers on an SQS that throttles, answers 5xx, hangs up, hangs, and does what it then does not tell of."""

import time

import pytest

from millrace.local.servers import Server
from millrace.testing.aws_faults import AwsFaults, Do, Fault
from millrace.testing.workers import PATIENCE_S, Workers

POOLS = ["prefork", "gevent"]
KINDS = (Do.ERROR, Do.UNAVAILABLE, Do.THROTTLE, Do.LOSE_REPLY, Do.HANG_UP)
SILENT_S = 30
"""Longer than any caller waits for an answer."""
TASKS = {"ReceiveMessage": ("nap", 0), "DeleteMessage": ("nap", 0), "SendMessage": ("publish",)}
"""Operation → the task that makes a worker use it."""


@pytest.fixture
def outside(workers_on_sqs: Workers, moto: Server, faults: AwsFaults) -> Workers:
    """Publishes without the faults: it is the worker that is tested."""
    inside, proxy, direct = workers_on_sqs, faults.url.partition("//")[2], moto.url.partition("//")[2]
    return Workers(
        ledger=inside.ledger, ledger_url=inside.ledger_url, broker_url=inside.broker_url.replace(proxy, direct),
        sqs_queue_url=inside.sqs_queue_url.replace(proxy, direct), folder=inside.folder,
    )  # fmt: skip


def endure(outside: Workers, faults: AwsFaults, fault: Fault) -> None:
    """Break an operation, have the worker use it, and wait until its work is done all the same."""
    outside.key = f"{fault.operation}-{fault.do}-{fault.seconds}"
    faults.struck.clear()
    faults.faults = [fault]
    outside.publish(*TASKS[fault.operation])
    outside.wait_for("ended")
    wait_for_strikes(faults, fault.count or 1)


def wait_for_strikes(faults: AwsFaults, count: int) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while len(faults.struck) < count:
        assert time.monotonic() < give_up, f"only {faults.struck}"
        time.sleep(0.02)


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("operation", ["ReceiveMessage", "DeleteMessage", "SendMessage"])
def test_a_worker_outlives_every_fault_of(
    workers_on_sqs: Workers, outside: Workers, faults: AwsFaults, pool: str, operation: str
) -> None:
    # given
    worker = workers_on_sqs.start(pool)
    # when: as often as one call is tried; but what was received and not told of is gone for a while each time
    for kind in (Do.ERROR, Do.THROTTLE, Do.LOSE_REPLY):
        count = 1 if (operation, kind) == ("ReceiveMessage", Do.LOSE_REPLY) else 2
        endure(outside, faults, Fault(do=kind, service="sqs", operation=operation, count=count))
    endure(outside, faults, Fault(do=Do.HANG_UP, service="sqs", operation=operation, count=1, seconds=SILENT_S))
    # then
    assert worker.running


@pytest.mark.parametrize("kind", [Do.THROTTLE, Do.HANG_UP])
def test_a_lease_is_held_through_failed_renewals(
    workers_on_sqs: Workers, outside: Workers, faults: AwsFaults, kind: Do
) -> None:
    # given
    worker = workers_on_sqs.start("prefork")
    workers_on_sqs.start("prefork")
    faults.faults = [Fault(do=kind, service="sqs", operation="ChangeMessageVisibilityBatch", count=2)]
    # when
    outside.publish("nap", workers_on_sqs.visibility_s + 2)
    outside.wait_for("ended")
    # then
    assert len(outside.events("began")) == 1
    assert len(faults.struck) == 2
    assert worker.running


@pytest.mark.parametrize("kind", [Do.THROTTLE, Do.LOSE_REPLY])
def test_a_message_that_cannot_be_handed_back_comes_back_by_itself(
    workers_on_sqs: Workers, outside: Workers, faults: AwsFaults, kind: Do
) -> None:
    # given
    worker = workers_on_sqs.start("prefork")
    faults.faults = [Fault(do=kind, service="sqs", operation="ChangeMessageVisibility")]
    # when
    outside.publish("die")
    outside.wait_for("ended")
    # then
    assert worker.running


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("kind", [Do.ERROR, Do.HANG_UP])
def test_a_worker_starts_while_the_queues_cannot_be_looked_at(
    workers_on_sqs: Workers, outside: Workers, faults: AwsFaults, pool: str, kind: Do
) -> None:
    # given
    faults.faults = [Fault(do=kind, service="sqs", operation="GetQueueAttributes", count=3)]
    # when
    workers_on_sqs.start(pool)
    outside.publish("nap", 0)
    # then
    outside.wait_for("ended")
    assert [struck.operation for struck in faults.struck] == ["GetQueueAttributes"] * 3


@pytest.mark.parametrize("pool", POOLS)
def test_nothing_is_lost_while_a_tenth_of_all_calls_fails(
    workers_on_sqs: Workers, outside: Workers, faults: AwsFaults, pool: str
) -> None:
    # given
    worker = workers_on_sqs.start(pool)
    faults.faults = [Fault(do=kind, service="sqs", probability=0.02) for kind in KINDS]
    # when
    for number in range(60):
        outside.publish("nap", number % 2 * 0.01)
    # then: some may have run twice, since SQS delivers at least once
    outside.wait_for("ended", 60)
    assert worker.running
