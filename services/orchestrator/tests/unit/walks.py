"""Walks: a run to which a series of things happens, good and bad, and every revision of its record."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import strategies as st

from millrace.contracts.flow import Flow
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


def refused(record: RunRecord, at: datetime) -> RunRecord:
    """A delivery failed, as the callback service writes it."""
    assert record.callback is not None
    if record.callback.status is not CallbackStatus.PENDING:
        return record
    callback = record.callback.model_copy(
        update={"deliveries": record.callback.deliveries + 1, "last_error": "http_500", "began_at": at}
    )
    return record.worth_a_trace(at).model_copy(update={"callback": callback})


def settle(record: RunRecord, at: datetime) -> RunRecord:
    """The sweep tells what nobody has told."""
    return record.model_copy(update={"kept_at": record.ended_at}) if record.untold else record


def redrive(record: RunRecord, at: datetime) -> RunRecord:
    return runs.redrive(FLOW, record, "failed", (), at)


def cancel(record: RunRecord, at: datetime) -> RunRecord:
    return runs.cancel(record, "asked for", at)


def again(record: RunRecord, at: datetime) -> RunRecord:
    return runs.dispatch_again(FLOW, record, at)


ACTIVE = (join, join_with_a_gap, recover, recover_later, cancel, again)
ENDED = (redrive, called_back(CallbackStatus.DELIVERED), called_back(CallbackStatus.GIVEN_UP), refused, settle)


def as_it_is(before: RunRecord, after: RunRecord) -> RunRecord:
    return after


def walk(
    choices: list[int], writes: Callable[[RunRecord, RunRecord], RunRecord] = as_it_is, **changes: object
) -> list[RunRecord]:
    """Every revision of a run to which all of this happens. `changes`: of the run as it is accepted.

    `writes`: what becomes of each revision on its way into the store.
    """
    record = run_record(**changes)
    seen = [record.model_copy(update={"callback": callback_record(record.run_id)})]
    seen.append(runs.start_stage(FLOW, seen[0], START))
    for step, choice in enumerate(choices, start=1):
        ways = ENDED if seen[-1].status.terminal else ACTIVE
        after = ways[choice % len(ways)](seen[-1], START + timedelta(seconds=step))
        seen.append(writes(seen[-1], after))
    return seen


CHOICES = st.lists(st.integers(0, 59), max_size=24)
