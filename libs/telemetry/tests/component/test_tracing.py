"""Spans of this very process, as a receiver gets them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from millrace.telemetry.provider import sampler
from millrace.telemetry.structure import Written, emit_all
from millrace.telemetry.table import Kind
from millrace.telemetry.tracing import attached, begin, current_traceparent, span, traces, within
from millrace.testing.recording import Recording, recording

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CHOSEN, PASSED_BY = f"00-{TRACE}-00f067aa0ba902b7-01", f"00-{TRACE}-00f067aa0ba902b7-00"
AT = datetime(2026, 5, 4, 3, 2, 1, 654321, tzinfo=UTC)


@pytest.fixture
def worker() -> Iterator[Recording]:
    with recording("nlp") as made:
        yield made


@pytest.fixture
def front_door() -> Iterator[Recording]:
    with recording("ingestion") as made:
        yield made


def test_a_span_is_below_where_its_process_is_and_links_to_others(worker: Recording) -> None:
    # when
    with attached(CHOSEN), span("join a", attributes={"stage": "a", "part": None}, links=[CHOSEN, None, "x"]):
        inside = current_traceparent()
    # then
    found = worker.span("join a")
    assert (found.trace_id, found.parent_id) == (TRACE, "00f067aa0ba902b7")
    assert inside == f"00-{TRACE}-{found.span_id}-01"
    assert found.links == ((TRACE, "00f067aa0ba902b7"),)
    assert (found.attributes, found.service, found.error) == ({"stage": "a"}, "nlp", False)
    assert found.resource["service.instance.id"]


def test_what_is_raised_is_told_by_its_type(worker: Recording) -> None:
    # when
    with attached(CHOSEN), pytest.raises(ValueError, match="Ann"), span("join a"):
        raise ValueError("Ann Smith")
    # then
    found = worker.span("join a")
    assert (found.error, found.attributes) == (True, {"error.type": "ValueError"})


@pytest.mark.parametrize("place", [PASSED_BY, None, "no header"])
def test_whoever_carries_on_makes_nothing_where_nothing_is_recorded(worker: Recording, place: str | None) -> None:
    # when
    with attached(CHOSEN), attached(place), span("join a") as made:
        made.set_attribute("stage", "a")
        inside = current_traceparent()
    # then
    assert inside == (place if place == PASSED_BY else None)
    assert worker.spans() == []


def test_a_request_begins_a_trace_where_there_is_none(front_door: Recording) -> None:
    # when
    with within(begin("POST /v1/runs", Kind.SERVER)), span("send orchestration", Kind.PRODUCER):
        pass
    # then
    root, child = front_door.span("POST"), front_door.span("send")
    assert (root.parent_id, root.kind) == ("", "server")
    assert (child.trace_id, child.parent_id) == (root.trace_id, root.span_id)


@pytest.mark.parametrize("flag", ["00", "01"])
@pytest.mark.parametrize(("low", "chosen"), [("0" * 15 + "1", True), ("f" * 16, False)])
def test_the_trace_id_chooses_and_not_the_callers_flag(flag: str, low: str, chosen: bool) -> None:
    # given
    with recording("ingestion", share=0.5) as front_door:
        # when
        with attached(f"00-{TRACE[:16]}{low}-00f067aa0ba902b7-{flag}"), within(begin("POST /v1/runs", Kind.SERVER)):
            inside = current_traceparent()
        # then: it has an id of its own either way
        assert len(front_door.spans()) == chosen
        assert inside is not None and "00f067aa0ba902b7" not in inside
        assert inside.startswith(f"00-{TRACE[:16]}{low}-") and inside.endswith("01" if chosen else "00")


def test_a_share_is_a_share() -> None:
    # given: ids that are spread evenly
    choose = sampler(0.1)
    ids = [number * 0x9E3779B97F4A7C15 % 2**64 + (number << 64) for number in range(1, 5001)]
    # when
    chosen = [choose.should_sample(None, each, "POST").decision.is_sampled() for each in ids]
    # then
    assert sum(chosen) == pytest.approx(500, rel=0.05)


def test_a_span_is_written_from_a_record_with_ids_and_times_of_its_own(worker: Recording) -> None:
    # when
    stage = Written(
        name="stage a", context=f"00-{TRACE}-00000000000000aa-01", parent=CHOSEN, start=AT,
        end=AT + timedelta(seconds=2), service="orchestrator", links=[CHOSEN],
        attributes={"stage": "a", "text": "not listed"},
        error="deadline_passed",
    )  # fmt: skip
    emit_all([stage])
    # then
    found = worker.span("stage a")
    assert (found.trace_id, found.span_id, found.parent_id) == (TRACE, "00000000000000aa", "00f067aa0ba902b7")
    assert (found.start, found.end - found.start) == (1777863721654321000, 2_000_000_000)
    assert (found.service, "service.instance.id" in found.resource) == ("orchestrator", False)
    assert found.attributes == {"stage": "a", "error.type": "deadline_passed"}
    assert (found.error, len(found.links)) == (True, 1)


@pytest.mark.parametrize("context", [PASSED_BY, None])
def test_nothing_is_written_for_a_trace_that_is_not_recorded(worker: Recording, context: str | None) -> None:
    # when
    emit_all([Written(name="run", context=context, parent=None, start=AT, end=AT)])
    # then
    assert worker.spans() == []


def test_switched_off_it_is_known_where_work_is_and_nothing_else_happens() -> None:
    # when
    with attached(CHOSEN), span("join a") as made:
        made.set_attribute("stage", "a")
        emit_all([Written(name="run", context=CHOSEN, parent=None, start=AT, end=AT)])
        inside = current_traceparent()
    # then
    assert inside == CHOSEN


def test_a_join_links_to_each_of_its_parts_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setenv("OTEL_SPAN_LINK_COUNT_LIMIT", "3")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1")
    parts = [f"00-{TRACE}-{number:016x}-01" for number in range(1, 601)]
    with recording("orchestrator") as worker:
        # when
        with attached(CHOSEN), span("join a", attributes={"stage": "a", "parts": 600}, links=parts):
            pass
        # then
        found = worker.span("join a")
    assert (len(found.links), found.attributes) == (600, {"stage": "a", "parts": 600})


def test_spans_from_a_record_go_out_together_or_not_at_all(worker: Recording) -> None:
    # given: there is room for one more
    made = traces()
    assert made is not None
    made.outbox.most = 1
    # when
    emit_all([Written(name=name, context=CHOSEN, parent=None, start=AT, end=AT) for name in ("run", "stage a")])
    emit_all([Written(name="stage b", context=CHOSEN, parent=None, start=AT, end=AT)])
    # then
    assert [each.name for each in worker.spans()] == ["stage b"]
