"""What a run tells of itself: whatever becomes of it, no event is lost, moved or told twice."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from millrace.contracts.events import events, events_after, is_over, place_of
from millrace.contracts.flow import Flow
from millrace.contracts.happening import EventType
from millrace.contracts.run import CallbackStatus, RunRecord
from millrace.orchestrator import runs
from millrace.testing.factories import START, artifact, callback_record, failed, run_record, succeeded

FLOW = Flow.model_validate(
    {
        "name": "three",
        "report": "last.report",
        "stages": [
            {"name": "first", "budget_s": 2, "steps": [
                {"name": "must", "task": "dataset.customers.ratings", "inputs": {"batch": "run.batch"}},
                {"name": "may", "task": "dataset.customers.customers", "inputs": {"batch": "run.batch"},
                 "join": "optional", "effect": "less to read"},
            ]},
            {"name": "second", "budget_s": 2, "steps": [
                {"name": "middle", "task": "analytics.kpis", "inputs": {"ratings": "must.ratings"}},
            ]},
            {"name": "third", "budget_s": 2, "steps": [{"name": "last", "task": "analytics.report"}]},
        ],
    }
)  # fmt: skip
GOOD = {
    "first": {"must.0": succeeded("must", ratings=(artifact("r"),)), "may.0": succeeded("may")},
    "second": {"middle.0": succeeded("middle", kpis=(artifact("k"),))},
    "third": {"last.0": succeeded("last", report=(artifact("report"),))},
}


def join(record: RunRecord, at: datetime) -> RunRecord:
    return runs.join_stage(FLOW, record, GOOD[record.stages[-1].name], at)


def join_with_a_gap(record: RunRecord, at: datetime) -> RunRecord:
    return runs.join_stage(FLOW, record, GOOD[record.stages[-1].name] | {"may.0": failed("may")}, at)


def recover(record: RunRecord, at: datetime) -> RunRecord:
    return runs.recover(FLOW, record, {record.stages[0].steps[0].name}, at)


def recover_later(record: RunRecord, at: datetime) -> RunRecord:
    return runs.recover(FLOW, record, {record.stages[-1].steps[0].name}, at)


def called_back(status: CallbackStatus) -> Callable[[RunRecord, datetime], RunRecord]:
    def change(record: RunRecord, at: datetime) -> RunRecord:
        assert record.callback is not None
        if record.callback.status is not CallbackStatus.PENDING:
            return record
        return record.model_copy(update={"callback": record.callback.model_copy(update={"status": status})})

    return change


def redrive(record: RunRecord, at: datetime) -> RunRecord:
    return runs.redrive(FLOW, record, "failed", (), at)


def cancel(record: RunRecord, at: datetime) -> RunRecord:
    return runs.cancel(record, "asked for", at)


def again(record: RunRecord, at: datetime) -> RunRecord:
    return runs.dispatch_again(FLOW, record, at)


ACTIVE = (join, join_with_a_gap, recover, recover_later, cancel, again)
ENDED = (redrive, called_back(CallbackStatus.DELIVERED), called_back(CallbackStatus.GIVEN_UP))


def walk(choices: list[int]) -> list[RunRecord]:
    """Every revision of a run to which all of this happens."""
    record = run_record()
    seen = [record.model_copy(update={"callback": callback_record(record.run_id)})]
    seen.append(runs.start_stage(FLOW, seen[0], START))
    for step, choice in enumerate(choices, start=1):
        ways = ENDED if seen[-1].status.terminal else ACTIVE
        seen.append(ways[choice % len(ways)](seen[-1], START + timedelta(seconds=step)))
    return seen


CHOICES = st.lists(st.integers(0, 59), max_size=24)


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
