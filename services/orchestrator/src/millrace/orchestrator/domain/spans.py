"""Which spans a run record tells of: the run's own and its stages' when they end, all of it for a run that turned out
to be worth a trace only at its end.

Their ids follow from the record, so that whoever tells of them again after a crash tells of the same spans.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from millrace.contracts.events import place_of
from millrace.contracts.happening import EventType, Gap
from millrace.contracts.messages import part_id
from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.routing import queue_for
from millrace.contracts.run import PartRecord, RunRecord, RunStatus, StageRecord, StepRecord
from millrace.contracts.services import DEPLOYMENTS
from millrace.contracts.tracing import run_context, stage_context, within

_SERVICES = {each.queue: each.service for each in DEPLOYMENTS}
_ACCEPTED_IN = "ingestion"
_OWN = "orchestrator"


class Kind(StrEnum):
    """What a span stands for."""

    ACCEPT = "accept"
    RUN = "run"
    STAGE = "stage"
    WAIT = "wait"
    PROCESS = "process"


@dataclass(frozen=True, kw_only=True)
class Told:
    """A span as a record tells it."""

    kind: Kind
    context: str
    """Its traceparent."""
    parent: str | None
    begin: datetime
    end: datetime
    service: str = _OWN
    about: Mapping[str, str | int | float] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    error: str = ""
    """A machine key; empty when it went well."""


def moved(before: RunRecord, after: RunRecord) -> tuple[Told, ...]:
    """What ended with a change of the record: stages that are joined or left, and the attempt."""
    same = before.attempt == after.attempt
    if same and before.status.terminal:
        return ()
    left = None
    if not same:
        first = 0
    elif before.recoveries != after.recoveries:
        first, left = after.kept, _left(before, after)
    else:
        first = sum(stage.joined_at is not None for stage in before.stages)
    ends = (_stage(after, stage) for stage in after.stages[first:])
    return _known(left, *ends, _run(after) if after.status.terminal else None)


def again(record: RunRecord, attempt: int, stage: str | None) -> tuple[Told, ...]:
    """What a message of that attempt and stage may have ended before its first reader died."""
    if attempt != record.attempt:
        return _known(*(span for span in _past(record) if span.about["attempt"] == attempt))
    mine = [each for each in record.stages[record.kept :] if each.name == stage or each.joined_at is None]
    run = _run(record) if record.status.terminal else None
    return _known(_gone(record, stage), *(_stage(record, each) for each in mine), run)


def whole(record: RunRecord) -> tuple[Told, ...]:
    """Everything that the record of an ended run tells, from its request on."""
    parts = (span for stage in record.stages for step in stage.steps for span in _parts(record, stage, step))
    stages = (_stage(record, stage) for stage in record.stages)
    return _known(_accept(record), *_past(record), _run(record), *stages, *parts)


def _known(*spans: Told | None) -> tuple[Told, ...]:
    return tuple(span for span in spans if span is not None)


def _about(record: RunRecord, **more: str | int | float) -> dict[str, str | int | float]:
    return {"run_id": record.run_id, "tenant": record.tenant, "attempt": record.attempt, **more}


def _accept(record: RunRecord) -> Told | None:
    """The request. Whose span it was a child of was not written down."""
    if record.traceparent is None:
        return None
    about = _about(record) | {"attempt": 1, "records": record.records, "flow": record.flow}
    return Told(
        kind=Kind.ACCEPT, context=record.traceparent, parent=None, service=_ACCEPTED_IN, about=about,
        begin=min(record.received_at or record.accepted_at, record.accepted_at), end=record.accepted_at,
    )  # fmt: skip


def _run(record: RunRecord) -> Told | None:
    covered = {"coverage": round(record.coverage.share, 4)} if record.coverage else {}
    return _attempt(
        record, record.attempt, record.status, record.since, record.ended_at, record.gaps, record.reason, covered
    )


def _past(record: RunRecord) -> list[Told]:
    spans = (
        _attempt(record, each.attempt, each.status, each.began_at, each.ended_at, each.gaps, each.reason, {})
        for each in record.history
    )
    return [span for span in spans if span is not None]


def _attempt(
    record: RunRecord,
    attempt: int,
    status: RunStatus,
    begin: datetime,
    end: datetime | None,
    gaps: tuple[Gap, ...],
    reason: str,
    more: Mapping[str, float],
) -> Told | None:
    context = run_context(record.traceparent, record.run_id, attempt)
    if context is None or end is None:
        return None
    before = run_context(record.traceparent, record.run_id, attempt - 1) if attempt > 1 else None
    about = {"flow": record.flow, "records": record.records, "status": status.value, "missing": len(gaps), **more}
    # Why a run was cancelled is told in the words of whoever asked; why it failed, in our own.
    failed = status is RunStatus.FAILED
    if failed:
        about["reason"] = reason
    return Told(
        kind=Kind.RUN, context=context, parent=record.traceparent, begin=begin, end=end,
        about=_about(record) | {"attempt": attempt} | about, links=(before,) if before else (),
        error=reason.rpartition(": ")[2].replace(" ", "_") if failed else "",
    )  # fmt: skip


def _stage(record: RunRecord, stage: StageRecord) -> Told | None:
    """A stage that was joined, or was open when its attempt ended; None for one that goes on."""
    context, end = record.span_of(stage), stage.joined_at or record.ended_at
    if context is None or end is None:
        return None
    status = "joined" if stage.joined_at else record.status.value
    lost = next((step for step in stage.steps if step.required and step.status not in _FINE), None)
    error = "" if lost is None else lost.reason.code if lost.reason else "no_outcome"
    return _stage_told(record, stage, context, end, status, error if stage.joined_at else "")


_FINE = (None, OutcomeStatus.SUCCEEDED)


def _stage_told(record: RunRecord, stage: StageRecord, context: str, end: datetime, status: str, error: str) -> Told:
    missing = sum(step.status not in _FINE for step in stage.steps)
    parts = sum(step.planned for step in stage.steps if step.reused_from is None)
    about = _about(
        record, stage=stage.name, status=status, parts=parts, missing=missing, dispatches=stage.dispatches
    )  # fmt: skip
    return Told(
        kind=Kind.STAGE, context=context, parent=record.span, begin=stage.started_at, end=end, about=about, error=error
    )


def _left(before: RunRecord, after: RunRecord) -> Told | None:
    """The stage that was open when the run went back for what was lost."""
    stage, end = before.stage, after.recovered_at
    if stage is None or stage.joined_at is not None or end is None:
        return None
    context = before.span_of(stage)
    return None if context is None else _stage_told(before, stage, context, end, "recovered", "")


def _gone(record: RunRecord, stage: str | None) -> Told | None:
    """A stage of this name that the attempt went back from: of it there are events only."""
    mine = [event for event in record.told if event.attempt == record.attempt and event.stage == stage]
    if stage is None or not mine or mine[-1].type is not EventType.STAGE_STARTED:
        return None
    began, end = mine[-1], record.recovered_at
    recoveries = place_of(began.id)[1]
    context = stage_context(record.traceparent, record.run_id, record.attempt, recoveries, stage)
    if context is None or end is None or began.at is None:
        return None
    return Told(
        kind=Kind.STAGE, context=context, parent=record.span, begin=began.at, end=end,
        about=_about(record, stage=stage, status="recovered"),
    )  # fmt: skip


def _parts(record: RunRecord, stage: StageRecord, step: StepRecord) -> Iterator[Told]:
    """What a stage's parts waited and did. Nothing of one that was never begun, or ended before this stage began."""
    context = record.span_of(stage)
    for part in step.parts:
        if context and part.started_at and part.ended_at and part.ended_at > stage.started_at and not step.reused_from:
            yield from _part(record, stage, step, part, context)


def _part(record: RunRecord, stage: StageRecord, step: StepRecord, part: PartRecord, context: str) -> Iterator[Told]:
    names = (record.run_id, record.attempt, record.recoveries, stage.name, part_id(step.name, part.part))
    wait, work = within(context, "wait", *names), within(context, "process", *names)
    if wait is None or work is None or part.started_at is None or part.ended_at is None:
        return
    queue = queue_for(step.task)
    about = _about(record, stage=stage.name, step=step.name, part=part.part, task=step.task, queue=queue)
    sent = min(part.sent_at or part.published_at or part.started_at, part.started_at)
    service = _SERVICES[queue]
    yield Told(
        kind=Kind.WAIT, context=wait, parent=context, begin=sent, end=part.started_at, service=service, about=about
    )
    bad = part.status not in (OutcomeStatus.SUCCEEDED, OutcomeStatus.SKIPPED)
    yield Told(
        kind=Kind.PROCESS, context=work, parent=wait, begin=part.started_at, end=part.ended_at, service=service,
        about=about | {"status": part.status.value, "worker": part.worker, "retries": part.retries},
        error=(part.reason.code if part.reason else part.status.value) if bad else "",
    )  # fmt: skip
