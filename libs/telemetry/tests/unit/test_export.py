"""The outbox sends bundles whole, never holds anybody up, and counts what it drops."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from millrace.telemetry import export
from millrace.telemetry.export import Outbox

PATIENCE_S = 30
"""Bounds a hang; nothing is expected to take as long."""


@dataclass
class Receiver(SpanExporter):
    """Takes spans when it may, and says what it was told to say."""

    took: list[list[str]] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    answers: list[SpanExportResult] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open.set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked.release()
        self.open.wait(PATIENCE_S)
        answer = self.answers.pop(0) if self.answers else SpanExportResult.SUCCESS
        if answer is SpanExportResult.SUCCESS:
            self.took.append([span.name for span in spans])
        return answer


@dataclass
class Told:
    """Counts what became of spans."""

    all: list[tuple[int, str]] = field(default_factory=list)

    def __call__(self, items: int, reason: str) -> None:
        self.all.append((items, reason))

    def dropped(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for items, reason in self.all:
            if reason:
                found[reason] = found.get(reason, 0) + items
        return found


def spans(*names: str) -> list[ReadableSpan]:
    return [ReadableSpan(name=name, resource=Resource({})) for name in names]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.open.set()


@pytest.fixture
def told() -> Told:
    return Told()


def test_what_is_put_is_sent_at_once_and_the_barrier_waits_for_it(receiver: Receiver, told: Told) -> None:
    # given
    outbox = Outbox(exporter=receiver, tell=told)
    # when
    outbox.put(spans("wait", "process"))
    # then
    assert outbox.barrier(PATIENCE_S)
    assert (receiver.took, told.all) == ([["wait", "process"]], [(2, "")])


def test_bundles_that_wait_go_out_together_and_in_order(receiver: Receiver, told: Told) -> None:
    # given: the receiver is busy with the first
    receiver.open.clear()
    outbox = Outbox(exporter=receiver, tell=told)
    outbox.put(spans("1"))
    assert receiver.asked.acquire(timeout=PATIENCE_S)
    # when
    outbox.put(spans("2a", "2b"))
    outbox.put(spans("3"))
    receiver.open.set()
    # then
    assert outbox.barrier(PATIENCE_S)
    assert receiver.took == [["1"], ["2a", "2b", "3"]]


def test_a_bundle_for_which_there_is_no_room_is_dropped_whole_and_counted(receiver: Receiver, told: Told) -> None:
    # given
    receiver.open.clear()
    outbox = Outbox(exporter=receiver, tell=told, most=3)
    outbox.put(spans("1", "2"))
    # when
    outbox.put(spans("3", "4"))
    outbox.put(spans("5"))
    receiver.open.set()
    # then
    assert outbox.barrier(PATIENCE_S)
    assert sorted(name for batch in receiver.took for name in batch) == ["1", "2", "5"]
    assert told.dropped() == {"queue_full": 2}


def test_nobody_waits_for_a_late_receiver_twice_until_it_has_answered(receiver: Receiver, told: Told) -> None:
    # given
    receiver.open.clear()
    outbox = Outbox(exporter=receiver, tell=told)
    outbox.put(spans("1"))
    # when
    assert not outbox.barrier(0.01)
    # then: a wait of an hour would not come back
    assert outbox.healthy and not outbox.prompt
    assert not outbox.barrier(3600)
    # and when it answers, it is waited for again
    receiver.open.set()
    outbox.put(spans("2"))
    give_up = time.monotonic() + PATIENCE_S
    while not outbox.barrier(PATIENCE_S) and time.monotonic() < give_up:
        receiver.asked.acquire(timeout=0.01)
    assert outbox.prompt
    assert told.dropped() == {}


def test_what_was_refused_is_tried_again(receiver: Receiver, told: Told) -> None:
    # given
    receiver.answers.append(SpanExportResult.FAILURE)
    outbox = Outbox(exporter=receiver, tell=told)
    # when
    outbox.put(spans("1"))
    for _ in range(2):
        assert receiver.asked.acquire(timeout=PATIENCE_S)
    # then
    while not receiver.took:
        receiver.asked.acquire(timeout=0.01)
    assert receiver.took == [["1"]]
    assert told.dropped() == {}


def test_what_stays_refused_is_given_up_and_counted(receiver: Receiver, told: Told) -> None:
    # given: it is kept for no time at all
    receiver.answers.append(SpanExportResult.FAILURE)
    outbox = Outbox(exporter=receiver, tell=told, keep_s=0)
    # when
    outbox.put(spans("1", "2"))
    assert outbox.settled(PATIENCE_S)
    outbox.put(spans("3"))
    assert outbox.settled(PATIENCE_S)
    # then
    assert (receiver.took, told.dropped()) == ([["3"]], {"export_failed": 2})


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "AGAIN_S", 0.01)


@pytest.mark.usefixtures("hurried")
def test_what_is_fresh_outlives_what_has_waited_for_too_long(receiver: Receiver, told: Told) -> None:
    # given: the receiver is about to fail
    receiver.open.clear()
    receiver.answers.append(SpanExportResult.FAILURE)
    outbox = Outbox(exporter=receiver, tell=told)
    outbox.put(spans("first"))
    assert receiver.asked.acquire(timeout=PATIENCE_S)
    outbox.put(spans("old"))
    outbox.put(spans("fresh"))
    # when
    outbox._waiting[0].since -= export.KEEP_S
    receiver.open.set()
    # then
    assert outbox.settled(PATIENCE_S)
    assert sorted(name for batch in receiver.took for name in batch) == ["first", "fresh"]
    assert told.dropped() == {"export_failed": 1}


class Picky(Receiver):
    """Takes nothing that something bad is in: says so, or breaks over it."""

    raises = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if any(span.name == "bad" for span in spans):
            self.asked.release()
            self.open.wait(PATIENCE_S)
            if self.raises:
                raise ValueError(spans)
            return SpanExportResult.FAILURE
        return super().export(spans)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("raises", [True, False])
def test_spans_that_nobody_takes_take_no_others_with_them(told: Told, raises: bool) -> None:
    # given
    picky = Picky()
    picky.raises = raises
    picky.open.clear()
    outbox = Outbox(exporter=picky, tell=told)
    outbox.put(spans("first"))
    assert picky.asked.acquire(timeout=PATIENCE_S)
    # when: they are in one request
    for name in ("1", "bad", "2", "3", "4"):
        outbox.put(spans(name))
    picky.open.set()
    # then: what is bad is dropped as soon as others were taken a few times in between
    give_up = time.monotonic() + PATIENCE_S
    while not outbox.settled(0.01) and time.monotonic() < give_up:
        outbox.put(spans("more"))
    took = [name for batch in picky.took for name in batch]
    assert sorted(name for name in took if name != "more") == ["1", "2", "3", "4", "first"]
    assert told.dropped() == {"refused": 1}
    assert outbox.healthy


def test_where_no_thread_can_be_begun_spans_are_counted_and_later_ones_sent(
    receiver: Receiver, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    outbox = Outbox(exporter=receiver, tell=told)
    # when
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuse)
        outbox.put(spans("1", "2"))
    outbox.put(spans("3"))
    outbox.close()
    # then
    assert (receiver.took, told.dropped()) == ([["3"]], {"no_thread": 2})


def test_settled_waits_for_a_late_receiver_whom_no_barrier_waits_for(receiver: Receiver, told: Told) -> None:
    # given
    receiver.open.clear()
    outbox = Outbox(exporter=receiver, tell=told)
    outbox.put(spans("1"))
    assert not outbox.barrier(0.01)
    # when
    threading.Timer(0.05, receiver.open.set).start()
    # then
    assert outbox.settled(PATIENCE_S)
    assert receiver.took == [["1"]]


def test_closing_sends_what_is_left_and_counts_what_comes_after(receiver: Receiver, told: Told) -> None:
    # given
    outbox = Outbox(exporter=receiver, tell=told)
    outbox.put(spans("1"))
    # when
    outbox.close()
    outbox.put(spans("2"))
    # then
    assert (receiver.took, told.dropped()) == ([["1"]], {"closed": 1})


def test_closing_does_not_wait_for_a_receiver_that_hangs(receiver: Receiver, told: Told) -> None:
    # given
    receiver.open.clear()
    outbox = Outbox(exporter=receiver, tell=told)
    outbox.put(spans("1", "2"))
    assert not outbox.barrier(0.01)
    # when: it would hang for longer than a test may
    outbox.close()
    # then
    assert told.dropped() == {"closed": 2}
    # and an answer that comes after all is counted no second time
    receiver.open.set()
    assert receiver.asked.acquire(timeout=PATIENCE_S)
    assert [items for items, _ in told.all] == [2]


def test_a_forked_child_sends_its_own_spans_and_not_its_parents(receiver: Receiver, told: Told) -> None:
    # given: the parent's thread is at work
    receiver.open.clear()
    outbox = Outbox(exporter=receiver, tell=told)
    outbox.put(spans("parent"))
    assert receiver.asked.acquire(timeout=PATIENCE_S)
    # when
    child = os.fork()
    if child == 0:
        receiver.open.set()
        outbox.put(spans("child"))
        sent = outbox.barrier(PATIENCE_S) and receiver.took == [["child"]]
        os._exit(0 if sent else 1)
    # then
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
