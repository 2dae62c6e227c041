"""The accounting notices what it is there for: each planted fault is one finding, and a clean run is none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.chaos.accounting import Facts, account
from tests.chaos.ledger import Attempt, Called, Object
from tests.chaos.scenario import ENDS_LATE

from millrace.contracts.ids import event_id
from millrace.contracts.run import RunRecord, RunStatus
from millrace.testing.factories import START, TENANT, artifact, run_record

RUN = run_record(
    metadata={"chaos": "key-1"},
    status=RunStatus.COMPLETED,
    ended_at=START + timedelta(seconds=2),
    batch=artifact(key="batch"),
)
RUN = RUN.model_copy(update={"batch": artifact(key=f"{RUN.run_id}/batch")})
BATCH = f"{TENANT}/{RUN.run_id}/batch"
ATTEMPT = Attempt(key="key-1", scenario="calm", tenant=TENANT, run_id=RUN.run_id)
CALL = Called(
    at=1.0, path="/ok", event_id=event_id(RUN.run_id), run_id=RUN.run_id, tenant=TENANT, attempt=1, digest="d",
    verified=True, arrival=1,
)  # fmt: skip
CREATED = Object(at=1.0, key=BATCH, created=True)
RUNNING = RUN.model_copy(update={"status": RunStatus.RUNNING, "ended_at": None})
CLEAN = Facts(
    attempts=[ATTEMPT], records=[RUN], history=[RUNNING, RUN], called=[CALL], changes=[CREATED],
    objects=frozenset({BATCH}),
)  # fmt: skip


def kinds(facts: Facts) -> list[str]:
    return [finding.kind for finding in account(facts)[1]]


def test_a_run_that_ended_and_was_told_of_is_no_finding() -> None:
    rows, findings = account(CLEAN)
    assert findings == []
    assert (rows["calm"].attempted, rows["calm"].accepted, rows["calm"].ended) == (1, 1, {"completed": 1})


def changed(run: RunRecord, **changes: object) -> RunRecord:
    return run.model_copy(update=changes)


PLANTED: dict[str, tuple[str, Callable[[Facts], Facts]]] = {
    "an acknowledged run that is not there": ("lost", lambda f: replace(f, records=[], objects=frozenset())),
    "a run that never ended": ("lost", lambda f: replace(f, records=[RUNNING], history=[RUNNING])),
    "an end that nobody was told of": ("lost", lambda f: replace(f, called=[])),
    "two runs of one request": (
        "duplicated",
        lambda f: replace(f, records=[RUN, run_record(metadata=RUN.metadata, status=RunStatus.COMPLETED)]),
    ),
    "an object written twice": ("duplicated", lambda f: replace(f, changes=[CREATED, CREATED])),
    "an event in different words": ("duplicated", lambda f: replace(f, called=[CALL, replace(CALL, digest="e")])),
    "two events of one end": ("duplicated", lambda f: replace(f, called=[CALL, replace(CALL, event_id="evt_other")])),
    "an unsigned event": ("unexpected", lambda f: replace(f, called=[replace(CALL, verified=False)])),
    "a failure": ("unexpected", lambda f: replace(f, records=[changed(RUN, status=RunStatus.FAILED)])),
    "a followed redirect": ("unexpected", lambda f: replace(f, trapped=1)),
    "a terminal state that changed": (
        "changed",
        lambda f: replace(f, history=[RUN, changed(RUN, status=RunStatus.FAILED)]),
    ),
    "an object of nobody": ("orphan", lambda f: replace(f, objects=f.objects | {f"{TENANT}/run_x/batch"})),
    "a reference to nothing": ("dangling", lambda f: replace(f, unresolved={BATCH: "NotFound"})),
    "a callback to another tenant": ("tenant", lambda f: replace(f, called=[replace(CALL, tenant="other")])),
    "a message that was left": ("queue", lambda f: replace(f, left={"nlp": 1})),
    "poison that was dropped": ("dead_letters", lambda f: replace(f, buried=["bad json"])),
    "a dead letter that was no poison": ("dead_letters", lambda f: replace(f, dead=["bad json"])),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_each_planted_fault_is_found(planted: str) -> None:
    kind, plant = PLANTED[planted]
    assert kind in kinds(plant(CLEAN))


def test_an_object_may_come_again_after_it_was_deleted() -> None:
    gone = replace(CREATED, created=False)
    assert kinds(replace(CLEAN, changes=[CREATED, gone, CREATED])) == []


def test_a_scenario_may_allow_other_ends() -> None:
    failed = changed(RUN, status=RunStatus.FAILED)
    facts = replace(CLEAN, records=[failed], history=[failed], allowed={"calm": frozenset({"failed"})})
    assert kinds(facts) == []


@pytest.mark.parametrize(("seconds", "found"), [(8, ["unexpected"]), (11, [])])
def test_a_failure_for_want_of_time_is_told_from_giving_up_early(seconds: int, found: list[str]) -> None:
    ended = changed(RUN, status=RunStatus.FAILED, ended_at=START + timedelta(seconds=seconds))
    facts = replace(CLEAN, records=[ended], history=[ended], allowed={"calm": ENDS_LATE})
    assert kinds(facts) == found


def test_a_redrive_may_end_differently_under_its_own_number() -> None:
    again = changed(RUN, attempt=2, status=RunStatus.PARTIAL)
    assert kinds(replace(CLEAN, records=[again], history=[RUN, again])) == []
