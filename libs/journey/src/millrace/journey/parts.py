"""A part's time, from its stage's beginning to its end; and which part a stage waited for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from millrace.contracts.journey import Phase
from millrace.contracts.outcome import SET_ASIDE, OutcomeStatus
from millrace.contracts.run import PartRecord, StageRecord, StepRecord
from millrace.journey.behind import Busy, Work
from millrace.journey.lane import Lane
from millrace.journey.places import Place, place_of
from millrace.journey.words import part_of

READ, WRITE = "read", "write"
MISSING = "missing"
UNTOLD = "not told"
BEHIND = "behind"
"""Of the work of a part: another part of the run, which the run needed, waited until it was done."""
IN_VAIN = "in vain"
"""Of the work of a part: it came to nothing, and the part was sent again."""
LATER_S = 0.3
"""Parts of one dispatch are published within less."""
BEGUN_AGAIN, TRIED_AGAIN, SENT_AGAIN, DIVIDED = "begun again", "tried again", "sent again", "divided"


@dataclass(frozen=True, kw_only=True)
class Awaited:
    """What a stage was waiting for last."""

    step: StepRecord
    part: PartRecord
    missing: bool
    """It had not ended when the stage's time was up."""


def parts_of(stage: StageRecord, step: StepRecord) -> Iterator[PartRecord]:
    """The step's parts that were worked on in this stage: not what stands from before.

    What stands was published before the stage began, by a clock of the orchestrator's as the stage's own.
    """
    if step.reused_from is None:
        for part in step.parts:
            at = part.published_at or part.ended_at
            if at is None or at >= stage.started_at:
                yield part


def awaited(stage: StageRecord) -> Awaited | None:
    """The part that the stage's join waited for last; None when it waited for none.

    A step with a quorum waits for as many as it needs. A part without an end was waited for until the deadline.
    """
    found = [each for step in stage.steps if (each := _last_of(stage, step))]
    missing = [each for each in found if each.missing]
    return missing[0] if missing else max(found, key=lambda each: each.part.ended_at or stage.started_at, default=None)


def _last_of(stage: StageRecord, step: StepRecord) -> Awaited | None:
    parts = sorted(parts_of(stage, step), key=lambda each: (each.ended_at or stage.deadline_at, each.part))
    good = [each for each in parts if _good(each) and each.ended_at]
    if step.needed is not None and 0 < step.needed <= len(good):
        return Awaited(step=step, part=good[step.needed - 1], missing=False)
    absent = [each for each in parts if each.ended_at is None]
    if absent:
        return Awaited(step=step, part=absent[0], missing=True)
    return Awaited(step=step, part=parts[-1], missing=False) if parts else None


def _good(part: PartRecord) -> bool:
    """As the join counts them: a record that was set aside is no fault of its step."""
    return part.status is OutcomeStatus.SUCCEEDED or (part.reason is not None and part.reason.code == SET_ASIDE)


def lay_part(
    lane: Lane, stage: StageRecord, step: StepRecord, part: PartRecord, busy: Busy, *, split: bool = False
) -> None:
    """Lay the part's time, from its stage's beginning on. `split`: where it waited behind other parts of the run, the
    time is those parts'.
    """
    place = place_of(stage.name, step, part.part)
    if part.ended_at is None:
        _lay_missing(lane, stage, step, place)
        return
    lay_dispatch(lane, stage, step, part)
    sent_at = part.sent_at or part.published_at
    if part.retries:
        lane.until(sent_at, Phase.RETRY, place.told(TRIED_AGAIN, "part.published_at, part.sent_at"))
    else:
        lane.until(sent_at, Phase.DISPATCH, place.behind("distribution").told(source="part.sent_at"))
    if split:
        _lay_ahead(lane, place, part, busy)
    _lay_wait(lane, place, part, busy)
    _lay_work(lane, place, part)


def lay_dispatch(lane: Lane, stage: StageRecord, step: StepRecord, part: PartRecord) -> None:
    """Lay the time until the part was published: decided, written down, waited for the distributor, sent."""
    published_at = part.published_at
    if published_at is None:
        return
    place = place_of(stage.name, step, part.part)
    queued_s, again = timedelta(seconds=part.dispatch_queued_s), _again(stage, step, part)
    if again == SENT_AGAIN:
        for each in tries(stage, step.name, part.part):
            _lay_vain(lane, place, each)
        _lay_unbegun(lane, stage, place, part, max(published_at - queued_s, lane.at))
    if again:
        what = "stage.dispatches, step.divided, part.published_at"
        lane.until(max(published_at - queued_s, lane.at), Phase.RETRY, place.told(again, what))
    distribution = Place(stage=stage.name).behind("distribution")
    lane.waits(published_at, part.dispatch_queued_s, distribution, "part.dispatch_queued_s")
    lane.until(published_at, Phase.DISPATCH, distribution.told(source="stage.started_at, part.published_at"))


def _again(stage: StageRecord, step: StepRecord, part: PartRecord) -> str:
    """Why the part was published after the rest of its stage."""
    if part.part >= step.planned - len(step.slices):
        return DIVIDED
    if stage.dispatches == 1 or part.published_at is None:
        return ""
    others = (each.published_at for other in stage.steps for each in parts_of(stage, other) if each.published_at)
    # Of a stage that was published again, what came out first was not.
    return "" if max(others) - part.published_at > timedelta(seconds=LATER_S) else SENT_AGAIN


def _lay_unbegun(lane: Lane, stage: StageRecord, place: Place, part: PartRecord, until: datetime) -> None:
    """Lay the time before a part was sent again of which nothing had been begun before.

    Nor had anything else of its queue: then all of it waited there, or nothing of the stage had been published yet.
    What others of the queue did not wait for was lost.
    """
    mine, others = _parts_by_queue(stage, place.queue)
    begun = any(each.started_at and each.started_at < until for each in mine)
    if part.deliveries > 1 or begun or tries(stage, place.step, part.part):
        return
    source = "stage.dispatches, part.published_at, part.deliveries"
    heard = any(each.published_at and each.published_at < until for each in others)
    if heard or not others:
        lane.until(until, Phase.QUEUE, place.told(source=source))
    else:
        lane.until(until, Phase.DISPATCH, Place(stage=stage.name).behind("distribution").told(source=source))


def _parts_by_queue(stage: StageRecord, queue: str) -> tuple[list[PartRecord], list[PartRecord]]:
    """The stage's parts in this queue, and those in others."""
    mine: list[PartRecord] = []
    others: list[PartRecord] = []
    for step in stage.steps:
        (mine if place_of(stage.name, step).queue == queue else others).extend(parts_of(stage, step))
    return mine, others


def tries(stage: StageRecord, step: str, part: int) -> list[PartRecord]:
    """The part's ends before it was sent again."""
    return [each.part for each in stage.tried if each.step == step and each.part.part == part]


def _lay_vain(lane: Lane, place: Place, part: PartRecord) -> None:
    """Lay a try that came to nothing: how it waited, and what it worked."""
    lane.until(part.published_at, Phase.DISPATCH, place.behind("distribution").told(source="stage.tried"))
    lane.until(part.started_at, Phase.QUEUE, place.told(source="stage.tried"))
    lane.until(part.ended_at, Phase.COMPUTE, place.told(IN_VAIN, "stage.tried", cpu_s=part.cpu_s))


def _lay_wait(lane: Lane, place: Place, part: PartRecord, busy: Busy) -> None:
    sent = _sent(part)
    if part.deliveries > 1:
        lane.until(part.started_at, Phase.RETRY, place.told(BEGUN_AGAIN, "part.deliveries, part.started_at"))
    elif sent and (born := _born(part)):
        _lay_queue(lane, place, part, busy, max(born.forked_at, lane.at))
        lane.until(max(born.ready_at, lane.at), Phase.START, place.told(source="part.forked_at, part.ready_at"))
    if sent:
        _lay_queue(lane, place, part, busy, part.started_at)
    else:
        lane.until(part.started_at, Phase.IDLE, place.told(UNTOLD, "part.sent_at, part.started_at"))


def _lay_queue(lane: Lane, place: Place, part: PartRecord, busy: Busy, until: datetime | None) -> None:
    behind_s = busy.seconds(place.queue, part, lane.at, max(until or lane.at, lane.at))
    told = place.told("", "part.sent_at, part.started_at", behind_s=behind_s or None)
    lane.until(until, Phase.QUEUE, told)


@dataclass(frozen=True, kw_only=True)
class _Born:
    """When the process that did a part's work was started and ready, if it waited for that."""

    forked_at: datetime
    ready_at: datetime


def _born(part: PartRecord) -> _Born | None:
    """Until its process was started a part waited in its queue, whoever else was at work then."""
    if part.forked_at and part.ready_at and part.started_at and part.forked_at <= part.ready_at <= part.started_at:
        return _Born(forked_at=part.forked_at, ready_at=part.ready_at)
    return None


def _sent(part: PartRecord) -> bool:
    """Whether the record says when its message was sent."""
    return part.published_at is not None or part.sent_at is not None


def _lay_ahead(lane: Lane, place: Place, part: PartRecord, busy: Busy) -> None:
    """Lay the time that the part waited behind others of its run as theirs, and what lies between them as its own."""
    begun, born = part.started_at, _born(part)
    if begun is None or part.deliveries > 1 or not _sent(part):
        return
    if born and lane.at < born.ready_at:
        waiting = place.told(source="part.sent_at, part.forked_at")
        for work in busy.before(place.queue, born.forked_at, lane.at):
            lane.until(max(work.began, lane.at), Phase.QUEUE, waiting)
            _lay_behind(lane, place, work, born.forked_at)
        lane.until(max(born.forked_at, lane.at), Phase.QUEUE, waiting)
        lane.until(born.ready_at, Phase.START, place.told(source="part.forked_at, part.ready_at"))
    for work in busy.ahead(place.queue, part, lane.at, begun):
        lane.until(max(work.began, lane.at), Phase.QUEUE, place.told(source="part.sent_at, part.started_at"))
        _lay_behind(lane, place, work, begun)


def _lay_behind(lane: Lane, place: Place, work: Work, until: datetime) -> None:
    """Lay what is left of another part's work, as far as this one waited for it."""

    def upto(moment: datetime) -> datetime:
        return max(min(moment, until), lane.at)

    part, whose = work.part, {"waiting": part_of(place.step, place.part)}
    computed, written = work.began + timedelta(seconds=part.read_s), work.ended - timedelta(seconds=part.write_s)
    lane.until(upto(computed), Phase.STORE, work.place.told(READ, "part.read_s", **whose))
    spent_s, whole_s = (upto(written) - lane.at).total_seconds(), (written - computed).total_seconds()
    # Of work that had begun earlier nobody knows when it used a processor: so much as its share is.
    cpu_s = part.cpu_s * min(1.0, spent_s / whole_s) if whole_s > 0 else 0.0
    source = "part.worker, part.started_at, part.ended_at, part.cpu_s"
    lane.until(upto(written), Phase.COMPUTE, work.place.told(BEHIND, source, cpu_s=cpu_s, **whose))
    lane.until(upto(work.ended), Phase.STORE, work.place.told(WRITE, "part.write_s", **whose))


def _lay_work(lane: Lane, place: Place, part: PartRecord) -> None:
    ended_at = part.ended_at
    if ended_at is None:
        return
    read, write = timedelta(seconds=part.read_s), timedelta(seconds=part.write_s)
    lane.until(min(lane.at + read, max(ended_at, lane.at)), Phase.STORE, place.told(READ, "part.read_s"))
    source = "part.started_at, part.ended_at, part.cpu_s"
    lane.until(max(ended_at - write, lane.at), Phase.COMPUTE, place.told(source=source, cpu_s=part.cpu_s))
    lane.until(ended_at, Phase.STORE, place.told(WRITE, "part.write_s"))


def _lay_missing(lane: Lane, stage: StageRecord, step: StepRecord, place: Place) -> None:
    """A part without an outcome says nothing; its siblings were published with it."""
    siblings = [each for other in (step, *stage.steps) for each in parts_of(stage, other) if each.published_at]
    if siblings:
        lay_dispatch(lane, stage, step, siblings[0])
    until = min(stage.deadline_at, stage.joined_at or stage.deadline_at)
    lane.until(max(until, lane.at), Phase.IDLE, place.told(MISSING, "stage.deadline_at"))
