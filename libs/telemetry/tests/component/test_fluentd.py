"""Records over a real socket: each arrives once, nobody waits, and whatever is missing was counted."""

import logging
import os
import threading
import time
from collections import Counter

import pytest

from millrace.telemetry import fluentd
from millrace.telemetry.fluentd import Forwarder
from millrace.telemetry.logs import JsonFormatter
from millrace.testing.fluentd import Fluentd, Manner

PATIENCE_S = 20.0


@pytest.fixture
def told():
    return Counter()


@pytest.fixture
def forwarder(told):
    made = []

    def forward(to, most=fluentd.MOST):
        def tell(count, reason):
            told[reason or "sent"] += count

        made.append(Forwarder(to, JsonFormatter("nlp"), tell, most))
        return made[-1]

    yield forward
    for each in made:
        each.close()


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(fluentd, "ACK_S", 0.1)
    monkeypatch.setattr(fluentd, "BACKOFF_S", (0.01,))
    monkeypatch.setattr(fluentd, "CLOSE_S", 0.1)


def offer(handler, count, **fields):
    for number in range(count):
        said = {"name": "millrace.tests", "msg": "said", "count": number, "action": "said"}
        handler.handle(logging.makeLogRecord(said | fields))


def test_every_record_arrives_once_with_its_moment_and_its_fields(forwarder, told):
    with Fluentd() as server:
        handler = forwarder(server.address)
        # when
        offer(handler, 1200, run_id="run_1")
        # then
        entries = server.wait_for("said", 1200)
        assert [each.line["count"] for each in entries] == list(range(1200))
        assert len({each.line["id"] for each in entries}) == 1200
        assert {(each.tag, each.line["run_id"]) for each in entries} == {("millrace.nlp", "run_1")}
        assert time.time() - entries[0].at < PATIENCE_S
        assert handler.drain(PATIENCE_S)
        tally = handler.tally()
    assert (tally.offered, tally.sent, tally.dropped, tally.queued) == (1200, 1200, 0, 0)
    assert told == {"sent": 1200}


def test_a_dead_server_costs_what_does_not_fit_and_it_is_counted(forwarder, told, hurried):
    # given: a port where nobody listens
    with Fluentd() as gone:
        address, port = gone.address, gone.port
    handler = forwarder(address, most=100)
    # when
    offer(handler, 250)
    # then
    tally = handler.tally()
    assert (tally.offered, tally.dropped, tally.queued) == (250, 150, 100)
    assert told == {"queue_full": 150}
    # and what was kept arrives when it comes back: the first, because the beginning of a fault says most
    with Fluentd(port=port) as server:
        entries = server.wait_for("said", 100)
        assert handler.drain(PATIENCE_S)
    assert [each.line["count"] for each in entries] == list(range(100))
    assert told == {"queue_full": 150, "sent": 100}


@pytest.mark.parametrize("manner", [Manner.FORGETS, Manner.HANGS, Manner.HANGS_UP])
def test_what_is_never_acknowledged_is_sent_again_and_then_given_up(forwarder, told, hurried, manner):
    with Fluentd(manner=manner) as server:
        handler = forwarder(server.address)
        # when
        offer(handler, 7)
        # then
        assert handler.drain(PATIENCE_S)
        arrived = Counter(each.line["id"] for each in server.entries("said"))
    tally = handler.tally()
    assert (tally.offered, tally.sent, tally.dropped) == (7, 0, 7)
    assert told == {"unacknowledged": 7}
    if manner is not Manner.HANGS:
        assert set(arrived.values()) == {fluentd.ATTEMPTS}


def test_offering_never_waits_for_a_server_that_hangs(forwarder):
    with Fluentd(manner=Manner.HANGS) as server:
        handler = forwarder(server.address)
        # when
        began = time.perf_counter()
        offer(handler, 1000, detail="x" * 5000)
        seconds = time.perf_counter() - began
    # then: far below what one acknowledgement is waited for
    assert seconds < fluentd.ACK_S / 2


def test_an_exit_waits_a_bounded_time_and_counts_what_is_left(forwarder, told, hurried):
    with Fluentd(manner=Manner.HANGS) as server:
        handler = forwarder(server.address)
        offer(handler, 5)
        # when
        handler.close()
        offer(handler, 2)
    # then
    tally = handler.tally()
    assert tally.offered == tally.dropped == 7
    assert sum(told.values()) == 7


def test_a_line_that_cannot_be_packed_is_counted_and_stops_nothing(forwarder, told):
    with Fluentd() as server:
        handler = forwarder(server.address)
        # when
        offer(handler, 1, records=1 << 70)
        handler.handle(logging.makeLogRecord({"name": "millrace.tests", "msg": "%d", "args": ("no number",)}))
        offer(handler, 1, detail="\ud800")
        # then
        large, odd = server.wait_for("said", 2)
        assert handler.drain(PATIENCE_S)
    assert (large.line["records"], odd.line["detail"]) == (str(1 << 70), "\\ud800")
    assert told == {"unreadable": 1, "sent": 2}


def test_a_child_forwards_what_it_says_and_nothing_of_its_parent_s(forwarder):
    with Fluentd() as server:
        handler = forwarder(server.address)
        offer(handler, 1, worker="parent")
        # when
        child = os.fork()
        if child == 0:
            offer(handler, 1, worker="child")
            os._exit(0 if handler.drain(PATIENCE_S) else 1)
        # then
        assert os.waitpid(child, 0)[1] == 0
        offer(handler, 1, worker="parent")
        workers = Counter(each.line["worker"] for each in server.wait_for("said", 3))
    assert workers == {"parent": 2, "child": 1}


def test_where_no_thread_can_be_begun_records_are_counted_and_later_ones_sent(forwarder, told, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    with Fluentd() as server:
        handler = forwarder(server.address)
        # when
        with monkeypatch.context() as full:
            full.setattr(threading.Thread, "start", refuse)
            offer(handler, 2)
        offer(handler, 1)
        # then
        assert len(server.wait_for("said", 1)) == 1
        assert handler.drain(PATIENCE_S)
    assert told == {"no_thread": 2, "sent": 1}
