"""Which spans follow from a run's record: whatever becomes of the run, none is missing, told twice or an orphan."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from services.orchestrator.tests.unit.walks import (
    CHOICES,
    FLOW,
    again,
    cancel,
    join,
    join_with_a_gap,
    recover,
    redrive,
    walk,
)

from millrace.contracts.outcome import Outcome, Timings
from millrace.contracts.run import RunRecord
from millrace.contracts.tracing import parse, sampled
from millrace.orchestrator import runs
from millrace.orchestrator.domain import spans
from millrace.orchestrator.domain.notable import chosen
from millrace.orchestrator.domain.plan import parts
from millrace.orchestrator.domain.telling import Kind, Told
from millrace.testing.factories import START, callback_record, failed, run_record, succeeded

SECOND = timedelta(seconds=1)
ACCEPTED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
BEGUN = runs.start_stage(FLOW, run_record(traceparent=ACCEPTED), START)
SECOND_STAGE = join(BEGUN, START + SECOND)
THIRD_STAGE = join(SECOND_STAGE, START + 2 * SECOND)
DONE = join(THIRD_STAGE, START + 3 * SECOND)
LOST = runs.join_stage(FLOW, BEGUN, {"must.0": failed("must"), "may.0": succeeded("may")}, START + SECOND)


def brief(told: tuple[Told, ...]) -> list[str]:
    """Kind, stage or attempt, and status of each."""
    return [f"{each.kind} {each.about.get('stage', each.about['attempt'])} {each.about['status']}" for each in told]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (run_record(traceparent=ACCEPTED), BEGUN, []),
        (BEGUN, again(BEGUN, START + SECOND), []),
        (BEGUN, SECOND_STAGE, ["stage first joined"]),
        (BEGUN, join_with_a_gap(BEGUN, START + SECOND), ["stage first joined"]),
        (THIRD_STAGE, DONE, ["stage third joined", "run 1 completed"]),
        (BEGUN, LOST, ["stage first joined", "run 1 failed"]),
        (SECOND_STAGE, cancel(SECOND_STAGE, START + 2 * SECOND), ["stage second cancelled", "run 1 cancelled"]),
        (SECOND_STAGE, recover(SECOND_STAGE, START + 2 * SECOND), ["stage second recovered"]),
        (DONE, redrive(DONE, START + 9 * SECOND), ["stage first joined", "stage second joined"]),
    ],
    ids=[
        "a start", "published again", "joined", "joined with a gap", "the end", "a failure", "a cancel", "a recovery",
        "a redrive of which two stages stand",
    ],
)  # fmt: skip
def test_what_ends_with_a_change_is_told(before: RunRecord, after: RunRecord, expected: list[str]) -> None:
    assert brief(spans.moved(before, after)) == expected


def test_without_a_trace_nothing_is_told() -> None:
    # given
    first, second = walk([0])[-2:]
    # when / then
    assert spans.moved(first, second) == ()
    assert spans.whole(cancel(second, START)) == ()


def test_a_run_says_what_it_was_and_a_failed_one_why() -> None:
    # when
    stage, run = spans.moved(BEGUN, LOST)
    # then
    assert (run.error, run.about["reason"]) == ("bad_input", "must: bad_input")
    assert (stage.error, stage.parent, run.parent) == ("bad_input", BEGUN.span, ACCEPTED)
    assert (run.about["records"], run.about["missing"]) == (3, 1)
    assert (run.begin, run.end) == (START, START + SECOND)


def test_why_a_run_was_cancelled_is_in_no_span() -> None:
    # given
    cancelled = runs.cancel(BEGUN, "the file of Mrs Miller", START)
    # when / then
    assert "Miller" not in repr(spans.moved(BEGUN, cancelled) + spans.whole(cancelled))


def test_an_attempt_links_to_the_one_before_it() -> None:
    # given
    again = redrive(DONE, START + 9 * SECOND)
    # when
    told = spans.moved(again, cancel(again, START + 10 * SECOND))
    # then
    assert told[-1].links == (DONE.span,)
    assert told[-1].begin == START + 9 * SECOND


@given(CHOICES)
def test_every_place_that_messages_named_is_told_once_and_has_a_parent(choices: list[int]) -> None:
    # given
    seen = walk([*choices, 4], traceparent=ACCEPTED)
    named = {place for each in seen if not each.status.terminal for place in _places(each)}
    # when
    told = [span for before, after in pairwise(seen) for span in spans.moved(before, after)]
    # then
    contexts = [span.context for span in told]
    assert len(contexts) == len(set(contexts))
    if seen[-1].status.terminal:
        assert named <= {*contexts, ACCEPTED}
        assert {span.parent for span in told} <= {*contexts, ACCEPTED}
    assert sum(span.kind is Kind.RUN for span in told) == seen[-1].attempt - (not seen[-1].status.terminal)


@given(CHOICES)
def test_whoever_comes_again_tells_of_what_the_first_may_have_died_over(choices: list[int]) -> None:
    for before, after in pairwise(walk(choices, traceparent=ACCEPTED)):
        if before.status.terminal or before.stage is None:
            continue
        # given: what had an end, and may have had children
        open_ = {before.span, before.span_of(before.stage)}
        ended = {span.context for span in spans.moved(before, after)} & open_
        # when
        told = spans.again(after, before.attempt, before.stage.name)
        # then
        assert ended <= {span.context for span in told}


@given(CHOICES)
def test_a_whole_trace_has_no_orphan_and_no_span_twice(choices: list[int]) -> None:
    for record in walk(choices, traceparent=ACCEPTED):
        if record.status.terminal:
            # when
            told = spans.whole(record)
            # then
            contexts = [span.context for span in told]
            assert len(contexts) == len(set(contexts))
            assert {span.parent for span in told} <= {*contexts, None}
            assert {link for span in told for link in span.links} <= set(contexts)
            assert sum(span.kind is Kind.RUN for span in told) == record.attempt


def flags(record: RunRecord) -> RunRecord:
    """The same run before anybody chose it."""
    return record.model_copy(update={"traceparent": f"{ACCEPTED[:-2]}00"})


def test_a_run_is_begun_by_a_message_that_was_sent_when_the_record_says() -> None:
    # given: accepted and stored slowly, and decided upon slowly
    sent = START + 3 * SECOND
    begun = runs.start_stage(
        FLOW, run_record(traceparent=ACCEPTED, accepted_at=START, start_sent_at=sent), START + 5 * SECOND, queued_s=1.0
    )
    # when
    told = spans.whole(join(begun, START + 6 * SECOND))
    # then
    waits = [(each.begin, each.end) for each in told if each.kind is Kind.WAIT and "stage" not in each.about]
    accepted = next(each for each in told if each.kind is Kind.ACCEPT)
    assert waits == [(sent, sent + SECOND)] and accepted.end == sent


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (BEGUN, SECOND_STAGE, []),
        (THIRD_STAGE, DONE, []),
        (BEGUN, LOST, ["accept", "join first", "run 1", "stage first"]),
        (
            SECOND_STAGE, recover(SECOND_STAGE, START + 2 * SECOND),
            ["accept", "join first", "stage first", "stage second"],
        ),
        (
            DONE, redrive(DONE, START + 9 * SECOND),
            ["accept", *(f"join {name}" for name in ("first", "second", "third")), "run 1", "stage first",
             "stage first", "stage second", "stage second", "stage third"],
        ),
    ],
    ids=["it goes on", "a good end", "a bad end", "a recovery", "another attempt"],
)  # fmt: skip
def test_what_nobody_recorded_is_told_when_the_run_is_chosen(
    before: RunRecord, after: RunRecord, expected: list[str]
) -> None:
    # when
    told = spans.written(flags(before), chosen(flags(before), flags(after)))
    # then
    names = {Kind.STAGE: "stage", Kind.JOIN: "stage", Kind.RUN: "attempt"}
    assert (
        sorted(f"{each.kind} {each.about[names[each.kind]]}" if each.kind in names else each.kind for each in told)
        == expected
    )


@given(CHOICES)
def test_a_run_that_is_chosen_on_its_way_is_told_once_and_without_orphans(choices: list[int]) -> None:
    # given
    seen = walk([*choices, 4], writes=chosen, traceparent=f"{ACCEPTED[:-2]}00")
    # when
    told = [span for before, after in pairwise(seen) for span in _told(before, after)]
    # then
    contexts = [span.context for span in told]
    assert len(contexts) == len(set(contexts))
    last = seen[-1]
    if not told or not last.status.terminal or last.untold:
        return
    assert {span.parent for span in told} <= {*contexts, None}
    assert {link for span in told for link in span.links} <= set(contexts)
    assert sum(span.kind is Kind.RUN for span in told) == last.attempt
    assert sum(span.kind is Kind.ACCEPT for span in told) == 1


def _told(before: RunRecord, after: RunRecord) -> tuple[Told, ...]:
    """By whoever wrote it: the engine, or the sweep. The callback service tells nothing."""
    if before.untold and not after.untold and before.attempt == after.attempt:
        return spans.late(after)
    return () if before.status.terminal and before.attempt == after.attempt else spans.written(before, after)


@given(CHOICES)
def test_whoever_comes_again_tells_of_no_other_spans(choices: list[int]) -> None:
    # given
    seen = walk([*choices, 4], writes=chosen, traceparent=f"{ACCEPTED[:-2]}00")
    contexts = {span.context for before, after in pairwise(seen) for span in _told(before, after)}
    for before, after in pairwise(seen):
        if before.status.terminal or before.stage is None or not sampled(after.traceparent):
            continue
        # when a message of the time before comes again
        told = spans.again(after, before.attempt, before.stage.name, sampled(before.traceparent))
        # then
        assert {span.context for span in told} <= contexts


def test_a_part_of_a_task_that_this_release_does_not_know_is_left_out() -> None:
    # given
    ended = cancel(SECOND_STAGE, START + 2 * SECOND)
    first, *others = ended.stages
    timings = {"started_at": START, "ended_at": START + SECOND}
    steps = tuple(
        step.model_copy(update={"task": task, "parts": tuple(part.model_copy(update=timings) for part in step.parts)})
        for step, task in zip(first.steps, ("astrology.predict", "nlp.annotate"), strict=True)
    )
    record = ended.model_copy(update={"stages": (first.model_copy(update={"steps": steps}), *others)})
    # when
    told = spans.whole(record)
    # then
    assert [span.about["task"] for span in told if span.kind is Kind.PROCESS] == ["nlp.annotate"]


def test_a_failed_delivery_is_told_with_the_run() -> None:
    # given
    begin = START + 4 * SECOND
    callback = callback_record(
        DONE.run_id, deliveries=1, last_error="http_500", began_at=begin, queued_s=1.0, answer_s=0.5
    )
    # when
    told = spans.late(DONE.model_copy(update={"callback": callback}))
    # then
    wait, work, post = told[-3:]
    assert [(span.begin, span.end) for span in (wait, work, post)] == [
        (begin - SECOND, begin), (begin, begin + SECOND / 2), (begin, begin + SECOND / 2),
    ]  # fmt: skip
    assert [span.parent for span in (wait, work, post)] == [DONE.span, wait.context, work.context]
    assert ({span.service for span in (wait, work, post)}, post.error) == ({"callback"}, "http_500")


def test_a_join_was_waited_for_from_the_last_outcome_on() -> None:
    # given
    timings = Timings(published_at=START, started_at=START, ended_at=START + SECOND / 2, dispatch_queued_s=0.25)
    outcomes: dict[str, Outcome] = {
        f"{name}.0": succeeded(name).model_copy(update={"timings": timings}) for name in ("must", "may")
    }
    begun = BEGUN.model_copy(update={"stages": (BEGUN.stages[0].model_copy(update={"queued_s": 0.5}),)})
    record = cancel(runs.join_stage(FLOW, begun, outcomes, START + SECOND, 0.25), START + 2 * SECOND)
    # when
    told = spans.whole(record)
    # then
    hops = [(span.kind.value, span.about["queue"], span.begin - START, span.end - START) for span in told
            if span.about.get("queue") in ("orchestration", "distribution")]  # fmt: skip
    quarter = SECOND / 4
    assert hops == [
        ("wait", "orchestration", -2 * quarter, 0 * quarter), ("process", "orchestration", 0 * quarter, 0 * quarter),
        ("wait", "distribution", -quarter, 0 * quarter), ("process", "distribution", 0 * quarter, 0 * quarter),
        ("wait", "orchestration", 2 * quarter, 3 * quarter), ("process", "orchestration", 3 * quarter, SECOND),
    ]  # fmt: skip
    (join,) = [span for span in told if span.kind is Kind.JOIN]
    assert (join.begin - START, join.end - START, join.parent) == (
        3 * quarter,
        SECOND,
        record.span_of(record.stages[0]),
    )
    works = [span.context for span in told if span.kind is Kind.PROCESS and span.about.get("step")]
    assert list(join.links) == works


def test_a_whole_trace_tells_of_the_request_and_of_each_part_in_its_services_name() -> None:
    # given
    timings = Timings(
        published_at=START, sent_at=START + SECOND / 4, started_at=START + SECOND / 2, ended_at=START + SECOND
    )
    bad = failed("may").model_copy(update={"timings": timings})
    outcomes: dict[str, Outcome] = {"must.0": succeeded("must").model_copy(update={"timings": timings}), "may.0": bad}
    joined = runs.join_stage(FLOW, BEGUN, outcomes, START + SECOND)
    record = runs.cancel(joined.model_copy(update={"received_at": START - SECOND}), "", START + 2 * SECOND)
    # when
    told = spans.whole(record)
    # then
    request = told[0]
    assert (request.kind, request.context, request.parent) == (Kind.ACCEPT, ACCEPTED, None)
    assert (request.begin, request.end, request.service) == (START - SECOND, START, "ingestion")
    waits, works = ([span for span in told if span.kind is kind] for kind in (Kind.WAIT, Kind.PROCESS))
    assert [(span.about["step"], span.service) for span in works] == [
        ("must", "dataset_customers"), ("may", "dataset_customers"),
    ]  # fmt: skip
    assert [span.error for span in works] == ["", "bad_input"]
    assert [(span.begin, span.end) for span in waits] == [(START + SECOND / 4, START + SECOND / 2)] * 2
    assert [span.parent for span in works] == [span.context for span in waits]


def test_parts_are_below_their_stage_and_know_how_long_their_dispatch_waited() -> None:
    # when
    messages = [message for _, message in parts(FLOW, BEGUN, START, 1.5)]
    # then
    assert BEGUN.stage is not None
    assert {message.traceparent for message in messages} == {BEGUN.span_of(BEGUN.stage)}
    assert {message.dispatch_queued_s for message in messages} == {1.5}


def _places(record: RunRecord) -> set[str | None]:
    """Where messages of a run that goes on are told that they belong."""
    places = {record.span, record.place_of(stage.name) if (stage := record.stage) else record.span}
    assert all(parse(place) is not None for place in places)
    return places
