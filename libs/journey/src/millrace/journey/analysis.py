"""All that a run record tells of where the time went, and why."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from millrace.contracts.events import is_over
from millrace.contracts.journey import (
    AttemptTimes,
    Cause,
    Interval,
    JourneyRow,
    Normal,
    Phase,
    PhaseTime,
    QueueTime,
    RunJourney,
)
from millrace.contracts.run import RunRecord
from millrace.contracts.services import DEPLOYMENTS, service_of
from millrace.contracts.tracing import parse
from millrace.contracts.views import attempts
from millrace.journey.causes import STANDS_OUT, STANDS_OUT_S, causes
from millrace.journey.normals import Normals, by_phase, kind_of, middle, ninth_decile, normal, wait_of
from millrace.journey.path import Path, path
from millrace.journey.rows import rows
from millrace.journey.troubles import troubles
from millrace.journey.words import count, part_of, seconds

_SERVICES: Final = frozenset(each.service for each in DEPLOYMENTS)
SKEW_S: Final = 0.05
"""Clocks that differ by less are as good as one."""


def journey(record: RunRecord, recent: Iterable[RunRecord], at: datetime, datadog_url: str = "") -> RunJourney:
    """The present attempt's journey, next to what is normal among `recent` runs.

    `at`: the present, for what still goes on. `datadog_url`: as in `https://app.datadoghq.eu`; empty for no link.
    """
    found, normals = path(record, at), normal(record, recent)
    why, shown, ended = causes(record, found, normals), rows(record, found), is_over(record)
    context = parse(record.traceparent)
    trace_id = context.trace_id if context else ""
    linked = context is not None and datadog_url
    return RunJourney(
        run_id=record.run_id, flow=record.flow, flow_version=record.flow_version, status=record.status,
        attempt=record.attempt, records=record.records, began_at=found.begin, ended=ended,
        seconds=round(found.seconds, 6), deadline_s=(record.deadline_at - record.since).total_seconds(),
        verdict=_verdict(found, normals, why, ended=ended), phases=_phases(found, normals), path=found.intervals,
        causes=why, queues=_queues(found, shown, normals), rows=shown, troubles=troubles(record), gaps=record.gaps,
        reason=record.reason, normal=_normal(normals), attempts=attempt_times(record), notes=_notes(record, found),
        trace_id=trace_id, trace_url=f"{datadog_url.rstrip('/')}/apm/trace/{trace_id}" if linked else "",
    )  # fmt: skip


def attempt_times(record: RunRecord) -> tuple[AttemptTimes, ...]:
    """How long each attempt took, oldest first."""
    made = []
    for each in attempts(record):
        began = each.since if isinstance(each, RunRecord) else each.began_at
        took = (each.ended_at - began).total_seconds() if each.ended_at else None
        made.append(
            AttemptTimes(number=each.attempt, status=each.status, began_at=began, ended_at=each.ended_at, seconds=took)
        )
    return tuple(made)


def _normal(normals: Normals) -> Normal:
    return Normal(
        runs=normals.runs, enough=normals.enough, similar=normals.similar, seconds=middle(normals.seconds),
        p90_s=ninth_decile(normals.seconds),
    )  # fmt: skip


def _verdict(found: Path, normals: Normals, why: Sequence[Cause], *, ended: bool) -> str:
    """First how long it took and what that is next to the others, then the first cause."""
    took = f"{'Took' if ended else 'So far'} {seconds(found.seconds)}"
    usual = middle(normals.seconds)
    if usual is None and normals.enough:
        first = f"{took}, for what the attempt before had left."
        return f"{first} Most of it: {why[0].text}." if why else first
    if usual is None:
        known = count(normals.runs, "earlier run") if normals.runs else "no earlier run"
        first = f"{took}; there is too little to compare it with ({known} of this flow)."
        return f"{first} Most of it: {why[0].text}." if why else first
    over = found.seconds - usual
    against = f"{seconds(usual)} is normal (median of {count(normals.runs, 'run')})"
    if over <= max(STANDS_OUT_S, STANDS_OUT * usual):
        odd = f" Out of the ordinary all the same: {why[0].text}." if why and why[0].unusual else ""
        return f"{took}: nothing unusual, {against}.{odd}"
    slower = f"{took}, {seconds(over)} more than usual: {against}."
    if why and not why[0].unusual:
        return f"{slower} Nothing stands out; most of it: {why[0].text}."
    return f"{slower} {_capital(why[0].text)}." if why else slower


def _capital(text: str) -> str:
    """A sentence begins with a capital, but for a service's name."""
    return text if text.split()[0].rstrip(":") in _SERVICES else text[:1].upper() + text[1:]


def _phases(found: Path, normals: Normals) -> tuple[PhaseTime, ...]:
    spent = by_phase(found.intervals)
    return tuple(
        PhaseTime(
            phase=phase.value, seconds=round(spent.get(phase, 0.0), 6), normal_s=middle(normals.phases.get(phase, ())),
            p90_s=ninth_decile(normals.phases.get(phase, ())),
        )
        for phase in Phase
    )  # fmt: skip


def _queues(found: Path, shown: Sequence[JourneyRow], normals: Normals) -> tuple[QueueTime, ...]:
    """Every queue in which a message of the run waited, the longest wait first."""
    waits: dict[str, list[Interval]] = defaultdict(list)
    along = [each for each in found.intervals if not each.step]
    parts = [each for row in shown if row.part is not None for each in row.intervals if each.step]
    for each in (*along, *parts):
        if each.phase == Phase.QUEUE:
            waits[each.queue].append(each)
    made = [_queue(queue, intervals, found, normals) for queue, intervals in waits.items()]
    return tuple(sorted(made, key=lambda each: (-each.longest_s, each.queue)))


def _queue(queue: str, waits: Sequence[Interval], found: Path, normals: Normals) -> QueueTime:
    longest = max(waits, key=lambda each: each.seconds)
    along = sum(each.seconds for each in found.intervals if each.phase == Phase.QUEUE and each.queue == queue)
    return QueueTime(
        queue=queue, service=service_of(queue), seconds=round(along, 6), longest_s=round(longest.seconds, 6),
        longest=part_of(longest.step, longest.part) if longest.step else (longest.stage or longest.queue),
        messages=len(waits), normal_s=normals.of(wait_of(longest) if longest.step else kind_of(longest)),
    )  # fmt: skip


def _notes(record: RunRecord, found: Path) -> tuple[str, ...]:
    notes = []
    if found.skew_s > SKEW_S:
        notes.append(
            f"The clocks of two machines disagree by {seconds(found.skew_s)} at least; what would be negative counts "
            "as nothing."
        )
    if record.attempt == 1 and record.received_at is None:
        notes.append("The record does not say when the request came in: the time to accept it is missing.")
    if any(each.what == "not told" for each in found.intervals):
        notes.append("An older release wrote parts of this record: it does not say when they were sent.")
    if record.attempt > 1:
        notes.append("Of earlier attempts the record keeps only when their stages began and were joined.")
    return tuple(notes)
