"""What a run's messages waited and did, as far as its record tells: parts, and what moved the run on.

Who recorded nothing then left no spans; these stand for them. What is not known is left out.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from millrace.contracts.catalogue import ADVANCE, DELIVER, FAN_OUT
from millrace.contracts.messages import part_id
from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.routing import known_queue
from millrace.contracts.run import PartRecord, RunRecord, StageRecord, StepRecord
from millrace.contracts.services import service_of
from millrace.contracts.tracing import within
from millrace.orchestrator.domain.telling import Kind, Told, about

_GOOD = (OutcomeStatus.SUCCEEDED, OutcomeStatus.SKIPPED)


def of_stage(record: RunRecord, stage: StageRecord) -> tuple[Told, ...]:
    """What had the stage begun, published, carried out and joined."""
    worked = [span for step, part in _parts(stage) for span in _part(record, stage, step, part)]
    works = tuple(span.context for span in worked if span.kind is Kind.PROCESS)
    return (*_start(record, stage), *_fan_out(record, stage), *worked, *_join(record, stage, works))


def of_delivery(record: RunRecord) -> tuple[Told, ...]:
    """The last delivery of the run's callback, if one was made."""
    callback = record.callback
    if callback is None or callback.began_at is None:
        return ()
    begin, end = callback.began_at, callback.began_at + timedelta(seconds=callback.answer_s)
    more: dict[str, str | int | float] = {"delivery": callback.deliveries, "event_id": callback.event_id}
    name = f"deliver {callback.deliveries}"
    hop = _hop(record, record.span, name, DELIVER.name, begin - _seconds(callback.queued_s), begin, end, **more)
    post = within(record.span, "post", record.run_id, record.attempt, name)
    if not hop or post is None:
        return ()
    sent = Told(
        kind=Kind.DELIVERY, context=post, parent=hop[-1].context, begin=begin, end=end, service=DELIVER.service,
        about=about(record, status="failed" if callback.last_error else "taken", **more), error=callback.last_error,
    )  # fmt: skip
    return (*hop, sent)


def _parts(stage: StageRecord) -> Iterator[tuple[StepRecord, PartRecord]]:
    """Parts that were carried out. Nothing of one that was never begun, or ended before this stage began."""
    for step in stage.steps:
        for part in step.parts:
            if part.started_at and part.ended_at and part.ended_at > stage.started_at and not step.reused_from:
                yield step, part


def _part(record: RunRecord, stage: StageRecord, step: StepRecord, part: PartRecord) -> tuple[Told, ...]:
    if part.started_at is None or part.ended_at is None:
        return ()
    sent = min(part.sent_at or part.published_at or part.started_at, part.started_at)
    name = f"{stage.name} {part_id(step.name, part.part)}"
    hop = _hop(
        record, record.span_of(stage), name, step.task, sent, part.started_at, part.ended_at,
        stage=stage.name, step=step.name, part=part.part,
    )  # fmt: skip
    if not hop:
        return ()
    wait, work = hop
    more = {"status": part.status.value, "worker": part.worker, "retries": part.retries}
    error = "" if part.status in _GOOD else part.reason.code if part.reason else part.status.value
    told = Told(
        kind=work.kind, context=work.context, parent=work.parent, begin=work.begin, end=work.end, service=work.service,
        about={**work.about, **more}, error=error,
    )  # fmt: skip
    return wait, told


def _start(record: RunRecord, stage: StageRecord) -> tuple[Told, ...]:
    """The message that began the run: a stage that follows another has none, and what began it anew is not known."""
    if not stage.queued_s or record.attempt > 1 or record.recoveries or stage.name != record.stages[0].name:
        return ()
    sent = record.start_sent_at or stage.started_at - _seconds(stage.queued_s)
    begin = min(sent + _seconds(stage.queued_s), stage.started_at)
    return _hop(record, record.span, "start", ADVANCE.name, sent, begin, max(begin, _published(stage) or begin))


def _fan_out(record: RunRecord, stage: StageRecord) -> tuple[Told, ...]:
    """The message that had the parts published; not known any more when some were published again."""
    first = [part for _, part in _parts(stage) if part.published_at and not part.retries]
    sent = _published(stage)
    if sent is None or stage.dispatches > 1 or not first:
        return ()
    begin = min(part.published_at for part in first if part.published_at)
    end = max(part.sent_at or begin for part in first)
    return _hop(record, record.span, f"{stage.name} fan_out", FAN_OUT.name, sent, begin, end, stage=stage.name)


def _published(stage: StageRecord) -> datetime | None:
    """When the message was sent that had the parts published."""
    known = [(part.published_at, part.dispatch_queued_s) for _, part in _parts(stage) if part.published_at]
    return min((at - _seconds(queued_s) for at, queued_s in known if queued_s), default=None)


def _join(record: RunRecord, stage: StageRecord, works: tuple[str, ...]) -> tuple[Told, ...]:
    """The look at which the stage was joined, and the message that asked for it, unless the sweep looked.

    It was sent with the last outcome; where one is missing, nobody knows when.
    """
    context = within(record.span, "join", record.run_id, record.attempt, record.recoveries, stage.name)
    if context is None or stage.joined_at is None:
        return ()
    parts = [part for step in stage.steps if not step.reused_from for part in step.parts]
    if not parts:
        return ()
    ends = [part.ended_at for part in parts if part.ended_at is not None]
    waited = _seconds(stage.join_queued_s)
    begin = min(stage.joined_at, max(ends) + waited) if len(ends) == len(parts) else stage.joined_at
    said = about(record, stage=stage.name, parts=len(ends), missing=len(parts) - len(ends))
    joined = Told(
        kind=Kind.JOIN, context=context, parent=record.span_of(stage), begin=begin, end=stage.joined_at,
        about=said, links=works,
    )  # fmt: skip
    if not stage.join_queued_s:
        return (joined,)
    name, place = f"{stage.name} join", record.span_of(stage)
    hop = _hop(record, place, name, ADVANCE.name, begin - waited, begin, stage.joined_at, stage=stage.name)
    return (*hop, joined)


def _hop(
    record: RunRecord,
    parent: str | None,
    name: str,
    task: str,
    sent: datetime,
    begin: datetime,
    end: datetime,
    **more: str | int | float,
) -> tuple[Told, ...]:
    """A message in its queue and at work; nothing for a task that this release does not know."""
    names = (record.run_id, record.attempt, record.recoveries, name)
    wait, work = within(parent, "wait", *names), within(parent, "process", *names)
    queue = known_queue(task)
    if wait is None or work is None or queue is None:
        return ()
    service = service_of(queue)
    said = about(record, task=task, queue=queue, **more)
    return (
        Told(kind=Kind.WAIT, context=wait, parent=parent, begin=sent, end=begin, service=service, about=said),
        Told(kind=Kind.PROCESS, context=work, parent=wait, begin=begin, end=end, service=service, about=said),
    )


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=number)
