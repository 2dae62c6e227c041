"""Spans of one message leave the process together, or not at all."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from millrace.telemetry import subtrees
from millrace.telemetry.subtrees import Subtrees

REMOTE = set_span_in_context(NonRecordingSpan(SpanContext(7, 8, True, TraceFlags(1))))


class Kept:
    """A tracer, what it handed on, and what it dropped."""

    def __init__(self) -> None:
        self.bundles: list[list[str]] = []
        self.dropped: list[tuple[int, str]] = []
        provider = TracerProvider()
        self.subtrees = Subtrees(self._put, lambda items, reason: self.dropped.append((items, reason)))
        provider.add_span_processor(self.subtrees)
        self.tracer = provider.get_tracer("tests")

    def _put(self, spans: list[ReadableSpan]) -> None:
        self.bundles.append([span.name for span in spans])


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_nothing_leaves_before_the_first_has_ended(kept: Kept) -> None:
    # given
    root = kept.tracer.start_span("wait", REMOTE)
    child = kept.tracer.start_span("process", set_span_in_context(root))
    # when
    with kept.tracer.start_as_current_span("get artifact", set_span_in_context(child)):
        pass
    child.end()
    # then
    assert kept.bundles == []
    # and when
    root.end()
    # then
    assert kept.bundles == [["get artifact", "process", "wait"]]


def test_what_never_ends_keeps_nothing_else_back_and_is_counted_once(kept: Kept) -> None:
    # given: a time limit fell in between
    root = kept.tracer.start_span("wait", REMOTE)
    process = kept.tracer.start_span("process", set_span_in_context(root))
    lost = kept.tracer.start_span("get artifact", set_span_in_context(process))
    # when
    process.end()
    root.end()
    # then
    assert kept.bundles == [["process", "wait"]]
    assert (kept.dropped, kept.subtrees.open) == ([(1, "unfinished")], 0)
    # and when it ends after all
    lost.end()
    # then
    assert kept.dropped == [(1, "unfinished")]


def test_two_messages_at_once_leave_each_by_itself(kept: Kept) -> None:
    # given
    first, second = (kept.tracer.start_span(name, REMOTE) for name in ("first", "second"))
    inner = kept.tracer.start_span("inner", set_span_in_context(second))
    # when
    first.end()
    # then
    assert kept.bundles == [["first"]]
    inner.end()
    second.end()
    assert kept.bundles[1:] == [["inner", "second"]]


def test_a_span_that_begins_when_its_parent_is_gone_is_dropped_and_counted(kept: Kept) -> None:
    # given
    parent = kept.tracer.start_span("parent", REMOTE)
    parent.end()
    # when
    kept.tracer.start_span("late", set_span_in_context(parent)).end()
    # then
    assert kept.bundles == [["parent"]]
    assert kept.dropped == [(1, "no_place")]


def test_a_message_has_so_many_spans_and_no_more(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(subtrees, "MOST_IN_SUBTREE", 2)
    root = kept.tracer.start_span("root", REMOTE)
    place = set_span_in_context(root)
    # when: the third is over the limit, and so is what is below it
    kept.tracer.start_span("second", place).end()
    third = kept.tracer.start_span("third", place)
    kept.tracer.start_span("fourth", set_span_in_context(third)).end()
    third.end()
    root.end()
    # then
    assert kept.bundles == [["second", "root"]]
    assert kept.dropped == [(1, "no_place"), (1, "no_place")]


def test_nothing_of_what_is_over_is_remembered(kept: Kept) -> None:
    # when
    with kept.tracer.start_as_current_span("root", REMOTE), kept.tracer.start_as_current_span("inner"):
        pass
    # then
    assert kept.subtrees.open == 0
