"""The accounting table: pure, from what was attempted and what is there to what is wrong.

As Jepsen's checkers do it (`total-queue`, jepsen-io/jepsen): attempted, acknowledged, ended, lost, duplicated,
unexpected. Here with the invariants that are not about counting: effects once, terminal states for ever, references
that resolve, no orphans, tenants apart.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from tests.chaos.ledger import Attempt, Called, Object
from tests.chaos.scenario import ENDS_WELL

from millrace.contracts.run import RunRecord
from millrace.orchestrator.keeping import references

RESERVE = timedelta(seconds=1)
"""A run that has nothing to show ends so long before its deadline, so that its callback is in time (the flow's)."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One broken promise."""

    kind: str
    """`lost`, `duplicated`, `unexpected`, `orphan`, `dangling`, `tenant`, `changed`, `queue`, `dead_letters`, …"""
    scenario: str
    what: str
    run_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything there is to judge, after the drain."""

    attempts: Sequence[Attempt]
    records: Sequence[RunRecord]
    """Every run record in the table."""
    history: Sequence[RunRecord]
    """Every write of a run record, in the order in which they were seen."""
    called: Sequence[Called]
    changes: Sequence[Object]
    objects: frozenset[str]
    """Keys in the bucket, but for those of runs that are still to be tidied up."""
    unresolved: Mapping[str, str] = field(default_factory=dict)
    """Key of an artifact that a run refers to and that is not what the reference says → why."""
    left: Mapping[str, int] = field(default_factory=dict)
    """Messages that are still in a queue."""
    dead: Sequence[str] = ()
    """Marks of what lies in the dead-letter queue."""
    buried: Sequence[str] = ()
    """Marks of the poison that was injected."""
    allowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Statuses with which a scenario's runs may end."""
    trapped: int = 0
    """Redirects that were followed."""


@dataclass(kw_only=True)
class Row:
    """The table's line of one scenario."""

    attempted: int = 0
    accepted: int = 0
    refused: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


def account(facts: Facts) -> tuple[dict[str, Row], list[Finding]]:
    """The table by scenario, and everything that is wrong."""
    scenarios = {attempt.key: attempt.scenario for attempt in facts.attempts}
    of_run = {record.run_id: scenarios.get(record.metadata.get("chaos", ""), "?") for record in facts.records}
    rows = _rows(facts)
    found = [
        *_runs(facts), *_terminal_for_ever(facts, of_run), *_callbacks(facts, of_run), *_effects(facts, of_run),
        *_objects(facts), *_tenants(facts, of_run), *_queues(facts),
    ]  # fmt: skip
    return rows, found


def _rows(facts: Facts) -> dict[str, Row]:
    rows: dict[str, Row] = defaultdict(Row)
    records = {record.metadata.get("chaos", ""): record for record in facts.records}
    for attempt in facts.attempts:
        row, record = rows[attempt.scenario], records.get(attempt.key)
        row.attempted += 1
        row.refused += attempt.refused is not None
        row.accepted += attempt.run_id is not None
        if record is not None and record.ended_at is not None:
            row.ended[record.status.value] += 1
            row.seconds.append((record.ended_at - record.accepted_at).total_seconds())
    return dict(rows)


def _runs(facts: Facts) -> Iterable[Finding]:
    """Accepted means finished, once, in a way that the scenario allows."""
    by_key: dict[str, list[RunRecord]] = defaultdict(list)
    for record in facts.records:
        by_key[record.metadata.get("chaos", "")].append(record)
    known = {attempt.key for attempt in facts.attempts}
    for attempt in facts.attempts:
        found = by_key.get(attempt.key, [])
        if attempt.run_id is None:
            what = f"refused with {attempt.refused}" if attempt.refused else "never acknowledged"
            yield _finding("unexpected", attempt, what, found[0].run_id if found else "")
        if len(found) > 1:
            yield _finding("duplicated", attempt, f"{len(found)} runs of one request", found[0].run_id)
        if attempt.run_id is not None and attempt.run_id not in {record.run_id for record in found}:
            yield _finding("lost", attempt, "acknowledged and not there", attempt.run_id)
        for record in found:
            yield from _end(facts, attempt, record)
    for key in by_key.keys() - known:
        yield Finding(kind="unexpected", scenario="?", what="nobody asked for it", run_id=by_key[key][0].run_id)


def _end(facts: Facts, attempt: Attempt, record: RunRecord) -> Iterable[Finding]:
    if not record.status.terminal:
        yield _finding("lost", attempt, f"still {record.status.value}", record.run_id)
    elif not facts.allowed.get(attempt.scenario, ENDS_WELL) & _names(record):
        what = f"{record.status.value}: {record.reason or ', '.join(f'{g.step} {g.reason}' for g in record.gaps)}"
        yield _finding("unexpected", attempt, what, record.run_id)


def _names(record: RunRecord) -> frozenset[str]:
    """What a run's end may be called."""
    late = record.ended_at is not None and record.ended_at >= record.deadline_at - RESERVE
    return frozenset({record.status.value, f"{record.status.value} late" if late else record.status.value})


def _terminal_for_ever(facts: Facts, of_run: Mapping[str, str]) -> Iterable[Finding]:
    """A state that is terminal stays, within one attempt of the run."""
    ended: dict[tuple[str, int], str] = {}
    for record in facts.history:
        key = record.run_id, record.attempt
        before = ended.get(key)
        if before is not None and record.status.value != before:
            what = f"attempt {record.attempt} went from {before} to {record.status.value}"
            yield Finding(kind="changed", scenario=of_run.get(record.run_id, "?"), what=what, run_id=record.run_id)
        if record.status.terminal:
            ended.setdefault(key, record.status.value)


def _callbacks(facts: Facts, of_run: Mapping[str, str]) -> Iterable[Finding]:
    """Each ended run is told of, always under one event id and in the same words, and never too early."""
    events: dict[str, list[Called]] = defaultdict(list)
    for call in facts.called:
        events[call.event_id].append(call)
    for event, calls in events.items():
        scenario, run = of_run.get(calls[0].run_id, "?"), calls[0].run_id
        if len({call.digest for call in calls}) > 1:
            yield Finding(kind="duplicated", scenario=scenario, what=f"{event} came in different words", run_id=run)
        if not all(call.verified for call in calls):
            yield Finding(kind="unexpected", scenario=scenario, what=f"{event} is not signed", run_id=run)
    told = Counter(calls[0].run_id for calls in events.values() if not _amends(calls[0]))
    asked = {attempt.run_id for attempt in facts.attempts if attempt.called_back}
    for record in facts.records:
        if record.run_id not in asked or not record.status.terminal:
            continue
        scenario, count = of_run[record.run_id], told[record.run_id]
        if count == 0:
            yield Finding(kind="lost", scenario=scenario, what="no callback", run_id=record.run_id)
        elif count > record.attempt:
            yield Finding(kind="duplicated", scenario=scenario, what=f"{count} events", run_id=record.run_id)
    if facts.trapped:
        yield Finding(kind="unexpected", scenario="?", what=f"{facts.trapped} redirects were followed")


def _amends(call: Called) -> bool:
    """An amendment has an event id of its own, with a number at its end."""
    return call.event_id.count("_") > 1


def _effects(facts: Facts, of_run: Mapping[str, str]) -> Iterable[Finding]:
    """An object comes to be once, unless it was deleted in between."""
    there: set[str] = set()
    for change in facts.changes:
        run = _run_of(change.key)
        if not change.created:
            there.discard(change.key)
        elif change.key in there:
            what = f"{change.key} was written twice"
            yield Finding(kind="duplicated", scenario=of_run.get(run, "?"), what=what, run_id=run)
        else:
            there.add(change.key)


def _objects(facts: Facts) -> Iterable[Finding]:
    """Every object is referred to, every reference resolves."""
    referred = {f"{each.tenant}/{ref.key}" for each in facts.records for ref in references(each) if ref.tier == "cold"}
    for key in sorted(facts.objects - referred):
        yield Finding(kind="orphan", scenario="?", what=key, run_id=_run_of(key))
    for key, why in facts.unresolved.items():
        yield Finding(kind="dangling", scenario="?", what=f"{key}: {why}", run_id=_run_of(key))


def _tenants(facts: Facts, of_run: Mapping[str, str]) -> Iterable[Finding]:
    """No record, callback or object is another tenant's."""
    owner = {attempt.run_id: attempt.tenant for attempt in facts.attempts if attempt.run_id}
    seen = [(record.run_id, record.tenant, "record") for record in facts.records]
    seen += [(call.run_id, call.tenant, "callback") for call in facts.called]
    seen += [(_run_of(change.key), change.key.partition("/")[0], "object") for change in facts.changes]
    for run, tenant, what in seen:
        if owner.get(run, tenant) != tenant:
            yield Finding(kind="tenant", scenario=of_run.get(run, "?"), what=f"{what} of {tenant}", run_id=run)


def _queues(facts: Facts) -> Iterable[Finding]:
    """Nothing waits any more; what is dead is exactly what was poisoned."""
    for queue, count in facts.left.items():
        if count:
            yield Finding(kind="queue", scenario="?", what=f"{count} messages left in {queue}")
    missing = Counter(facts.buried) - Counter(facts.dead)
    surplus = Counter(facts.dead) - Counter(facts.buried)
    for mark, count in missing.items():
        yield Finding(kind="dead_letters", scenario="?", what=f"{count} of {mark} is missing")
    for mark, count in surplus.items():
        yield Finding(kind="dead_letters", scenario="?", what=f"{count} of {mark} is too many")


def _run_of(key: str) -> str:
    """The run id in an object's key: `<tenant>/<run id>/…`."""
    return key.split("/")[1] if key.count("/") else ""


def _finding(kind: str, attempt: Attempt, what: str, run_id: str) -> Finding:
    return Finding(kind=kind, scenario=attempt.scenario, what=what, run_id=run_id)
