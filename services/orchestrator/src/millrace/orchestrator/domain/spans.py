"""Which spans a run record tells of: the run's own and its stages' when they end, and all that had ended when a run
turned out to be worth a trace.

Their ids follow from the record, so that whoever tells of them again after a crash tells of the same spans.
"""

from collections.abc import Mapping
from datetime import datetime

from millrace.contracts.events import place_of
from millrace.contracts.happening import EventType, Gap
from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import RunRecord, RunStatus, StageRecord
from millrace.contracts.tracing import run_context, sampled, stage_context
from millrace.orchestrator.domain import hops
from millrace.orchestrator.domain.telling import Kind, Told
from millrace.orchestrator.domain.telling import about as _about

_ACCEPTED_IN = "ingestion"


def written(before: RunRecord, after: RunRecord) -> tuple[Told, ...]:
    """What a change of the record has told: what ended with it, or everything so far when it chose the run."""
    if not sampled(after.traceparent):
        return ()
    return moved(before, after) if sampled(before.traceparent) and not before.untold else _chosen(before, after)


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


def _chosen(before: RunRecord, after: RunRecord) -> tuple[Told, ...]:
    """Everything, of a run that is recorded from this change on: what goes on is told when it ends."""
    known = before.model_copy(update={"traceparent": after.traceparent})
    if before.attempt != after.attempt:
        return (*late(known), *moved(known, after))
    if before.recoveries != after.recoveries:
        return (*_so_far(known), *moved(known, after))
    return whole(after)


def again(record: RunRecord, attempt: int, stage: str | None, was_sampled: bool = True) -> tuple[Told, ...]:
    """What a message of that attempt and stage may have ended before its first reader died.

    `was_sampled`: whether the run was recorded when the message was sent.
    """
    if attempt != record.attempt:
        past = (span for span in _past(record) if span.about["attempt"] == attempt)
        return _known(None if was_sampled else _accept(record), *past)
    went_back = record.recoveries > 0 and record.recovered_at == record.kept_at
    if not was_sampled and not went_back and record.status.terminal and record.kept_at in (None, record.ended_at):
        return whole(record)
    mine = [each for each in record.stages[record.kept :] if each.name == stage or each.joined_at is None]
    run = _run(record) if record.status.terminal else None
    ended = _known(_gone(record, stage), *(_stage(record, each) for each in mine), run)
    return (*_so_far(_back(record)), *ended) if went_back and not was_sampled else ended


def whole(record: RunRecord) -> tuple[Told, ...]:
    """Everything that the record of an ended run tells, from its request to its end."""
    stages = (_stage(record, stage) for stage in record.stages)
    messages = (span for stage in record.stages for span in hops.of_stage(record, stage))
    return _known(_accept(record), *_past(record), _run(record), *stages, *messages)


def late(record: RunRecord) -> tuple[Told, ...]:
    """The same, of a run whose callback nobody recorded either."""
    return (*whole(record), *hops.of_delivery(record))


def _so_far(record: RunRecord) -> tuple[Told, ...]:
    """What has ended of a run that goes on."""
    joined = [stage for stage in record.stages if stage.joined_at is not None]
    messages = (span for stage in joined for span in hops.of_stage(record, stage))
    return _known(_accept(record), *_past(record), *(_stage(record, stage) for stage in joined), *messages)


def _back(record: RunRecord) -> RunRecord:
    """What is left of the record as it was before the attempt last went back."""
    stages = record.stages[: record.kept]
    return record.model_copy(update={"stages": stages, "recoveries": record.recoveries - 1})


def _known(*spans: Told | None) -> tuple[Told, ...]:
    return tuple(span for span in spans if span is not None)


def _accept(record: RunRecord) -> Told | None:
    """The request. Whose span it was a child of was not written down."""
    if record.traceparent is None:
        return None
    about = _about(record) | {"attempt": 1, "records": record.records, "flow": record.flow}
    return Told(
        kind=Kind.ACCEPT, context=record.traceparent, parent=None, service=_ACCEPTED_IN, about=about,
        begin=min(record.received_at or record.accepted_at, record.accepted_at),
        end=max(record.start_sent_at or record.accepted_at, record.accepted_at),
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
