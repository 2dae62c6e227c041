"""What a run tells of itself: whatever becomes of it, no event is lost, moved or told twice."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from services.orchestrator.tests.unit.walks import CHOICES, FLOW, join, recover, walk

from millrace.contracts.events import events, events_after, is_over, place_of
from millrace.contracts.happening import EventType
from millrace.contracts.run import RunRecord
from millrace.orchestrator import runs
from millrace.testing.factories import START, run_record


@given(CHOICES)
def test_the_events_of_a_revision_begin_with_those_of_the_one_before(choices: list[int]) -> None:
    # given
    told = [events(record) for record in walk(choices)]
    # when / then
    for before, after in pairwise(told):
        assert after[: len(before)] == before


@given(CHOICES, st.data())
def test_who_goes_on_from_any_event_misses_none_and_gets_none_twice(choices: list[int], data: st.DataObject) -> None:
    # given: a reader who saw some revision up to some event, and reads on from the last one
    seen = walk(choices)
    early = events(data.draw(st.sampled_from(seen)))
    read = early[: data.draw(st.integers(1, len(early)))]
    # when
    rest = events_after(RunRecord.model_validate_json(seen[-1].model_dump_json()), read[-1].id)
    # then
    assert (*read, *rest) == events(seen[-1])


@given(CHOICES)
def test_ids_only_grow_and_every_end_is_told(choices: list[int]) -> None:
    # given
    seen = walk(choices)
    # when
    told = events(seen[-1])
    # then
    places = [place_of(event.id) for event in told]
    assert places == sorted(set(places))
    ends = sum(event.type is EventType.ENDED for event in told)
    assert ends == seen[-1].attempt - (not seen[-1].status.terminal)
    assert told[0].type is EventType.ACCEPTED
    if is_over(seen[-1]):
        assert told[-1].type in (EventType.DELIVERED, EventType.GIVEN_UP)


def test_a_run_that_goes_back_tells_the_stages_that_it_does_again_once_more() -> None:
    # given: the second stage is joined when an artifact of the first turns out to be lost
    record = runs.start_stage(FLOW, run_record(), START)
    record = join(join(record, START), START)
    # when
    told = events(join(recover(record, START), START))
    # then: what the second stage found still stands
    assert [(event.type.value, event.stage) for event in told][-6:] == [
        ("run.recovered", ""), ("stage.started", "first"), ("stage.joined", "first"), ("stage.started", "second"),
        ("stage.joined", "second"), ("stage.started", "third"),
    ]  # fmt: skip
