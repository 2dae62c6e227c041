"""Why a run took as long as it did: the kinds of time along its critical path, ranked by how unusual they are."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from millrace.contracts.journey import Cause, Interval, Phase
from millrace.contracts.run import PartRecord, RunRecord
from millrace.journey.normals import Normals, kind_of
from millrace.journey.parts import BEGUN_AGAIN, DIVIDED, IN_VAIN, MISSING, READ, SENT_AGAIN, TRIED_AGAIN, tries
from millrace.journey.path import ANSWER, GOING_ON, NOT_YET, RECOVERY, TRIES, Path
from millrace.journey.places import place_of
from millrace.journey.words import count, part_of, said_of, seconds, times

MOST: Final = 5
"""Causes that are told."""
SHARE: Final = 0.02
"""Of the run: what took less is not told, unless it is unusual."""
STANDS_OUT_S: Final = 0.1
STANDS_OUT: Final = 0.25
"""Over what is normal by so many seconds and by this share of it: what is less comes and goes."""
LEAST_S: Final = 0.005
"""A shorter time is no cause of anything."""
_FAULTS: Final = (Phase.RETRY, Phase.IDLE)
"""Nobody needs to be told that there is normally nothing of these."""
WAITS_INSIDE: Final = 0.5
"""A part that used a processor for a smaller share of its time was waiting for something."""


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Intervals of the critical path that have one cause."""

    intervals: tuple[Interval, ...]
    seconds: float
    normal_s: float | None

    @property
    def excess_s(self) -> float:
        return max(0.0, self.seconds - (self.normal_s or 0.0))

    @property
    def unusual(self) -> bool:
        if self.normal_s is None:
            return False
        return self.excess_s > max(STANDS_OUT_S, STANDS_OUT * self.normal_s)

    @property
    def longest(self) -> Interval:
        return max(self.intervals, key=lambda each: each.seconds)


def causes(record: RunRecord, path: Path, normals: Normals) -> tuple[Cause, ...]:
    """The causes, the one that explains most of what is unusual first; where nothing is, the largest share first.

    Beside what is unusual nothing is told that took as long as ever.
    """
    least_s = max(LEAST_S, SHARE * path.seconds)
    groups = [group for group in _groups(path, normals) if group.unusual or group.seconds >= least_s]
    unusual = any(group.unusual for group in groups)
    told = [group for group in groups if group.unusual or group.normal_s is None] if unusual else groups
    ranked = sorted(told, key=lambda each: (unusual and each.excess_s, each.seconds), reverse=True)
    return tuple(_cause(record, group, normals) for group in ranked[:MOST])


def _groups(path: Path, normals: Normals) -> list[_Group]:
    found: dict[tuple[object, ...], list[Interval]] = defaultdict(list)
    for interval in path.intervals:
        found[_key(interval)].append(interval)
    return [_group(intervals, normals) for intervals in found.values()]


def _group(intervals: Sequence[Interval], normals: Normals) -> _Group:
    # A stage that is at work has not told yet what is unusual about it.
    told = [each for each in intervals if each.what != GOING_ON]
    usual = [normals.of(kind) for kind in dict.fromkeys(map(kind_of, told))]
    known = [each for each in usual if each is not None]
    return _Group(
        intervals=tuple(intervals), seconds=sum(each.seconds for each in intervals),
        normal_s=sum(known) if known else None,
    )  # fmt: skip


def _key(interval: Interval) -> tuple[object, ...]:
    """What an interval is told together with: waits by their queue, work by its step, the stores' time as one."""
    match interval.phase:
        case Phase.QUEUE:
            return interval.phase, interval.queue
        case Phase.START:
            return interval.phase, interval.service
        case Phase.COMPUTE:
            return interval.phase, interval.stage, interval.step
        case Phase.IDLE:
            return interval.phase, interval.stage, interval.step, interval.what
        case Phase.RETRY:
            return interval.phase, interval.stage, interval.step, interval.part, interval.what
        case Phase.CALLBACK:
            return interval.phase, interval.what
        case _:
            return (interval.phase,)


def _cause(record: RunRecord, group: _Group, normals: Normals) -> Cause:
    about = group.longest
    tell = _TOLD.get(about.phase, _other)
    normal_s = group.normal_s
    told = normal_s is not None and (normal_s >= LEAST_S or about.phase not in _FAULTS)
    usual = f"; {seconds(normal_s or 0.0)} is normal (median of {count(normals.runs, 'run')})" if told else ""
    return Cause(
        phase=about.phase, text=tell(record, group) + usual + _inside(group), seconds=round(group.seconds, 6),
        normal_s=normal_s, excess_s=round(group.excess_s, 6), unusual=group.unusual, service=about.service,
        queue=about.queue, stage=about.stage, step=about.step, part=about.part,
    )  # fmt: skip


def _inside(group: _Group) -> str:
    """What the processor's time says of a part that computed."""
    spent = sum(each.cpu_s or 0.0 for each in group.intervals)
    if group.longest.phase != Phase.COMPUTE or not spent or group.seconds < 2 * STANDS_OUT_S:
        return ""
    ordinary = group.normal_s is not None and not group.unusual
    if ordinary or spent >= WAITS_INSIDE * group.seconds:
        return ""
    return f"; only {seconds(spent)} of it on a processor: the task waited inside, or the machine was busy"


def _who(about: Interval) -> str:
    """The service in words."""
    return about.service or "a service that this release does not know"


def _queue(record: RunRecord, group: _Group) -> str:
    most = group.longest
    others = " and others" if len(group.intervals) > 1 else ""
    whose = f" ({part_of(most.step, most.part)}{others})" if most.step else ""
    return f"waiting: {seconds(group.seconds)} in the queue {most.queue or f'of {_who(most)}'}{whose}"


def _compute(record: RunRecord, group: _Group) -> str:
    about = group.longest
    says = f"{_who(about)} was slow" if group.unusual else _who(about)
    parts = {each.part for each in group.intervals}
    which = f", part {part_of(about.step, about.part)}" if len(_parts(record, about)) > 1 else ""
    if len(parts) > 1:
        which = f", {count(len(parts), 'part')} one after the other, the longest {part_of(about.step, about.part)}"
    waited = f" ({about.waiting} waited behind it)" if about.waiting else ""
    return f"{says}: {about.step} computed for {seconds(group.seconds)}{which}{waited}{_vain(record, group)}"


def _vain(record: RunRecord, group: _Group) -> str:
    """How work ended that came to nothing."""
    found = [each for each in group.intervals if each.what == IN_VAIN]
    if not found:
        return ""
    return f"; {_how_it_ended(record, found[0])} and was sent again"


def _how_it_ended(record: RunRecord, about: Interval) -> str:
    """The end of the part's first try, which it was sent again after; empty when it had none."""
    stages = (stage for stage in record.stages if stage.name == about.stage)
    ends = [end for stage in stages for end in tries(stage, about.step, about.part or 0)]
    return said_of(part_of(about.step, about.part), ends[0]) if ends else ""


def _start(record: RunRecord, group: _Group) -> str:
    return f"process start: {_who(group.longest)} was not ready for {seconds(group.seconds)}"


def _store(record: RunRecord, group: _Group) -> str:
    read = sum(each.seconds for each in group.intervals if each.what == READ)
    written = group.seconds - read
    reads = f"reads took {seconds(read)}" if read >= LEAST_S else ""
    writes = f"writes took {seconds(written)}" if written >= LEAST_S else ""
    most = group.longest
    return f"store: {' and '.join(filter(None, (reads, writes)))}, most of it in {most.step} ({_who(most)})"


def _retry(record: RunRecord, group: _Group) -> str:
    about, took, who = group.longest, seconds(group.seconds), _who(group.longest)
    part = part_of(about.step, about.part)
    if about.what == RECOVERY:
        return f"orchestrator went back to the stage {about.stage}, because artifacts were lost; {took} until then"
    found = _part(record, about)
    begun, retries = (found.deliveries, found.retries) if found else (1, 0)
    told = {
        BEGUN_AGAIN: f"{who} lost a worker, or its lease: part {part} was begun {times(begun)}, {took} until the last "
        "time",
        TRIED_AGAIN: f"retries: {who} tried part {part} again {times(retries)}, {took} until the last try",
        SENT_AGAIN: _sent_again(record, about, took),
        DIVIDED: f"bad records: {about.step} killed workers of {who} and was divided, {took} until {part} was sent",
    }
    return told.get(about.what, f"{who} repeated work: {took}")


def _sent_again(record: RunRecord, about: Interval, took: str) -> str:
    ended = _how_it_ended(record, about)
    if ended:
        return f"{_who(about)}: {ended}; it took {took} to send it again"
    return (
        f"{_who(about)} lost a part: {part_of(about.step, about.part)} was sent again {took} after its stage began; "
        "its first copy was never heard of (its worker died, its message was lost or waited too long)"
    )


def _idle(record: RunRecord, group: _Group) -> str:
    about, took = group.longest, seconds(group.seconds)
    if about.what == MISSING:
        part = part_of(about.step, about.part) + _more(_missing(record, about) - 1)
        waited = _siblings_waited(record, about)
        said = f"; others of {about.step} waited up to {seconds(waited)} in the queue" if waited > STANDS_OUT_S else ""
        return f"{_who(about)} did not answer: {part} waited for until the stage's deadline, {took}{said}"
    if about.step:
        return f"not told: {took} before {about.step} was begun ({_who(about)})"
    return _unjoined(record, about, took)


def _unjoined(record: RunRecord, about: Interval, took: str) -> str:
    """A stage whose parts are not written down yet; its steps tell whose they are."""
    found = [stage for stage in record.stages if stage.name == about.stage]
    places = [place_of(stage.name, step) for stage in found for step in stage.steps if step.planned]
    who = " and ".join(dict.fromkeys(place.service for place in places if place.service))
    again = "; lost parts of it were sent again" if about.what == SENT_AGAIN else ""
    if record.ended_at is not None:
        return f"{who or 'services'} were still at work on the stage {about.stage} when it ended, after {took}{again}"
    return f"{who or 'services'}: the stage {about.stage} is at work, {took} so far{again}"


def _more(others: int) -> str:
    """`part annotate.2` was, or it `and 3 more parts` were."""
    return f" and {count(others, 'more part')} of the step were" if others else " was"


def _missing(record: RunRecord, about: Interval) -> int:
    """How many parts of the step have no end."""
    return sum(part.ended_at is None for part in _parts(record, about))


def _siblings_waited(record: RunRecord, about: Interval) -> float:
    """The longest time from being sent to being begun among the step's parts that ended."""
    waits = [
        (part.started_at - sent).total_seconds()
        for part in _parts(record, about)
        if part.started_at and (sent := part.sent_at or part.published_at)
    ]
    return max(waits, default=0.0)


def _callback(record: RunRecord, group: _Group) -> str:
    about, took, callback = group.longest, seconds(group.seconds), record.callback
    if about.what == TRIES and callback is not None:
        return f"the consumer did not take it: {count(callback.deliveries, 'try', 'tries')}{_answered(record)}, " + (
            f"{took} until the last began"
        )
    if about.what == ANSWER:
        return f"the consumer took {took} to answer"
    if about.what == NOT_YET:
        return f"callback: not delivered yet, {took} since the run ended or it was last tried{_answered(record)}"
    return f"callback: preparing the delivery took {took}"


def _answered(record: RunRecord) -> str:
    last = record.callback.last_status if record.callback else None
    return f", the last answer was {last}" if last is not None and not 200 <= last < 300 else ""


def _accept(record: RunRecord, group: _Group) -> str:
    return f"ingestion: accepting the batch took {seconds(group.seconds)}"


def _dispatch(record: RunRecord, group: _Group) -> str:
    return f"orchestrator: planning and publishing took {seconds(group.seconds)}"


def _join(record: RunRecord, group: _Group) -> str:
    return f"orchestrator: joining took {seconds(group.seconds)}"


def _other(record: RunRecord, group: _Group) -> str:
    return f"{_who(group.longest)}: {group.longest.phase} took {seconds(group.seconds)}"


_TOLD: Final[dict[str, Callable[[RunRecord, _Group], str]]] = {
    Phase.ACCEPT: _accept, Phase.DISPATCH: _dispatch, Phase.QUEUE: _queue, Phase.START: _start, Phase.STORE: _store,
    Phase.COMPUTE: _compute, Phase.RETRY: _retry, Phase.JOIN: _join, Phase.IDLE: _idle, Phase.CALLBACK: _callback,
}  # fmt: skip


def _parts(record: RunRecord, about: Interval) -> tuple[PartRecord, ...]:
    """All parts of the step that the interval is about."""
    steps = (step for stage in record.stages if stage.name == about.stage for step in stage.steps)
    return next((step.parts for step in steps if step.name == about.step), ())


def _part(record: RunRecord, about: Interval) -> PartRecord | None:
    return next((part for part in _parts(record, about) if part.part == about.part), None)
