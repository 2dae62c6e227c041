"""Time is never lost, never negative and never counted twice, whatever a record says."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libs.journey.tests.unit.conftest import START, Run, late, s

from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import (
    AttemptRecord,
    CallbackRecord,
    CallbackStatus,
    PartRecord,
    RunRecord,
    RunStatus,
    StageRecord,
    StepRecord,
)
from millrace.journey import earlier, journey
from millrace.testing.factories import callback_record, run_record

OFFSET = st.floats(-5, 20).map(lambda value: START + timedelta(seconds=round(value, 6)))
MAYBE = st.none() | OFFSET
SPENT = st.floats(0, 5)
PARTS = st.builds(
    PartRecord, part=st.integers(0, 5), status=st.sampled_from(OutcomeStatus), started_at=MAYBE, ended_at=MAYBE,
    deliveries=st.integers(1, 3), retries=st.integers(0, 2), published_at=MAYBE, sent_at=MAYBE, ready_at=MAYBE,
    forked_at=MAYBE,    dispatch_queued_s=SPENT, read_s=SPENT, write_s=SPENT, cpu_s=SPENT,
)  # fmt: skip
STEPS = st.builds(
    StepRecord, name=st.sampled_from(("annotate", "kpis")), task=st.sampled_from(("nlp.annotate", "x")),
    task_version=st.just(1), required=st.booleans(), planned=st.integers(0, 6), needed=st.none() | st.integers(0, 4),
    reused_from=st.none() | st.just(1), status=st.none() | st.sampled_from(OutcomeStatus),
    parts=st.lists(PARTS, max_size=4).map(tuple),
)  # fmt: skip
STAGES = st.builds(
    StageRecord, name=st.sampled_from(("one", "two")), started_at=OFFSET, deadline_at=OFFSET,
    dispatches=st.integers(1, 3), joined_at=MAYBE, queued_s=SPENT, join_queued_s=SPENT,
    steps=st.lists(STEPS, max_size=2, unique_by=lambda each: each.name).map(tuple),
)  # fmt: skip
CALLBACKS = st.builds(
    CallbackRecord, url=st.just("https://consumer.example.com"), event_id=st.just("evt"),
    status=st.sampled_from(CallbackStatus), deliveries=st.integers(0, 4), delivered_at=MAYBE, began_at=MAYBE,
    queued_s=SPENT, answer_s=SPENT, replayed_after=st.none() | st.just(1), last_status=st.none() | st.just(503),
)  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> RunRecord:
    ended = draw(MAYBE)
    status = draw(st.sampled_from(RunStatus).filter(lambda each: each.terminal == (ended is not None)))
    stages = draw(st.lists(STAGES, max_size=2, unique_by=lambda each: each.name))
    return run_record(
        accepted_at=draw(OFFSET), received_at=draw(MAYBE), attempt=draw(st.integers(1, 2)), began_at=draw(MAYBE),
        stages=tuple(stages), status=status, ended_at=ended,
        callback=draw(st.none() | CALLBACKS), recoveries=draw(st.integers(0, 1)), kept=draw(st.integers(0, 2)),
        records=draw(st.integers(0, 10)),
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(record=records(), others=st.lists(records(), max_size=3), at=OFFSET)
def test_the_phases_add_up_to_the_whole_and_none_is_negative(record, others, at) -> None:
    # when
    found = journey(record, others, at)
    # then
    assert all(phase.seconds >= 0 for phase in found.phases)
    assert sum(phase.seconds for phase in found.phases) == pytest.approx(found.seconds, abs=1e-4)
    for row in found.rows:
        assert row.kind == "callback" or all(one.end_s == two.begin_s for one, two in pairwise(row.intervals))
        assert all(0 <= each.begin_s < each.end_s <= found.seconds + 1e-4 for each in row.intervals)
    assert all(before.end_s == after.begin_s for before, after in pairwise(found.path))


def test_every_interval_says_from_where_it_follows() -> None:
    # when
    found = journey(Run().record(), [], START)
    # then
    assert found.path and all(each.source for row in found.rows for each in row.intervals)
    assert not any(each.phase == "idle" for each in found.path)
    assert (found.path[0].phase, found.path[-1].what) == ("accept", "answer")


def test_clocks_that_disagree_are_told_and_give_nothing_negative() -> None:
    # given: a worker whose clock is 2 s behind
    record = Run().record()
    stage = record.stages[0]
    (step,) = stage.steps
    part = step.parts[0]
    behind = part.model_copy(update={"started_at": part.started_at - s(2), "ended_at": part.ended_at - s(2)})
    steps = (step.model_copy(update={"parts": (behind,)}),)
    record = record.model_copy(update={"stages": (stage.model_copy(update={"steps": steps}), *record.stages[1:])})
    # when
    found = journey(record, [], START)
    # then
    assert sum(phase.seconds for phase in found.phases) == pytest.approx(found.seconds)
    assert any("clocks of two machines disagree" in note for note in found.notes)


def test_a_run_on_its_way_is_told_so_far() -> None:
    # given
    whole = Run().record()
    going = whole.stages[1].model_copy(update={"joined_at": None})
    record = whole.model_copy(
        update={"stages": (whole.stages[0], going), "ended_at": None, "status": RunStatus.RUNNING, "callback": None}
    )
    # when
    found = journey(record, [], going.started_at + s(3))
    # then
    assert (found.ended, found.verdict.startswith("So far")) == (False, True)
    assert (found.causes[0].stage, found.causes[0].phase, found.causes[0].seconds) == ("annotate", "idle", 3.0)


def test_a_callback_that_was_replayed_by_hand_is_not_the_runs_time() -> None:
    # given
    record = Run().record()
    after = callback_record(
        record.run_id, status=CallbackStatus.DELIVERED, deliveries=2, replayed_after=1, delivered_at=START + s(86_400)
    )
    # when
    found = journey(record.model_copy(update={"callback": after}), [], START)
    # then
    assert found.seconds < 3
    assert [each.kind for each in found.troubles if "by hand" in each.text] == ["callback"]


def test_of_an_earlier_attempt_what_was_told_is_known() -> None:
    # given
    from millrace.contracts.events import events

    first = Run().record()
    ended = AttemptRecord(
        attempt=1, status=RunStatus.PARTIAL, began_at=first.since, ended_at=first.ended_at, reason="", gaps=()
    )
    later = first.model_copy(
        update={"attempt": 2, "history": (ended,), "told": events(first), "stages": (), "began_at": START + s(99)}
    )
    # when
    found = earlier(later, 1)
    # then
    assert found is not None and found.attempt == 1
    assert [row.name for row in found.rows[1:]] == ["datasets", "annotate", "report"]
    assert sum(each.seconds for each in found.phases) == pytest.approx(found.seconds)
    assert earlier(later, 2) is None


def test_troubles_are_listed_whether_or_not_they_cost_time() -> None:
    # given
    record = Run(again_kpis_0=0.01, retry_ratings_0=0.01, tries=0.5).record()
    stage = record.stages[1]
    steps = (stage.steps[0].model_copy(update={"parts": (*stage.steps[0].parts[:2], late(2))}), stage.steps[1])
    stages = (record.stages[0], stage.model_copy(update={"steps": steps, "dispatches": 2}), record.stages[2])
    # when
    found = journey(record.model_copy(update={"stages": stages, "recoveries": 1, "kept": 1}), [], START)
    # then
    kinds = [each.kind for each in found.troubles]
    assert kinds == ["recovery", "retry", "dispatch", "failure", "redelivery", "callback"]
