"""Why a run took as long as it did: the kinds of time along its critical path, ranked by how unusual they are."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from millrace.contracts.journey import Cause, Interval, Phase
from millrace.contracts.run import PartRecord, RunRecord
from millrace.journey.normals import Normals, kind_of
from millrace.journey.parts import BEGUN_AGAIN, DIVIDED, MISSING, READ, SENT_AGAIN, TRIED_AGAIN
from millrace.journey.path import ANSWER, NOT_YET, RECOVERY, TRIES, Path
from millrace.journey.words import count, part_of, seconds, times

MOST: Final = 8
"""Causes that are told."""
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
    """The causes, the one that explains most of what is unusual first; without normals, the largest share first."""
    groups = [group for group in _groups(path, normals) if group.seconds >= LEAST_S]
    ranked = sorted(groups, key=lambda each: (each.excess_s, each.seconds), reverse=True)
    return tuple(_cause(record, group, normals) for group in ranked[:MOST])


def _groups(path: Path, normals: Normals) -> list[_Group]:
    found: dict[tuple[object, ...], list[Interval]] = defaultdict(list)
    for interval in path.intervals:
        found[_key(interval)].append(interval)
    return [_group(intervals, normals) for intervals in found.values()]


def _group(intervals: Sequence[Interval], normals: Normals) -> _Group:
    usual = [normals.of(kind) for kind in dict.fromkeys(map(kind_of, intervals))]
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
        case Phase.COMPUTE | Phase.IDLE:
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
    if spent >= WAITS_INSIDE * group.seconds:
        return ""
    return f"; only {seconds(spent)} of it on a processor: the task waited inside, or the machine was busy"


def _queue(record: RunRecord, group: _Group) -> str:
    most = group.longest
    others = " and others" if len(group.intervals) > 1 else ""
    whose = f" ({part_of(most.step, most.part)}{others})" if most.step else ""
    return f"waiting: {seconds(group.seconds)} in the queue {most.queue}{whose}"


def _compute(record: RunRecord, group: _Group) -> str:
    about = group.longest
    says = f"{about.service} was slow" if group.unusual else about.service
    which = f", part {part_of(about.step, about.part)}" if len(_parts(record, about)) > 1 else ""
    return f"{says}: {about.step} computed for {seconds(group.seconds)}{which}"


def _start(record: RunRecord, group: _Group) -> str:
    return f"process start: {group.longest.service} was not ready for {seconds(group.seconds)}"


def _store(record: RunRecord, group: _Group) -> str:
    read = sum(each.seconds for each in group.intervals if each.what == READ)
    written = group.seconds - read
    reads = f"reads took {seconds(read)}" if read >= LEAST_S else ""
    writes = f"writes took {seconds(written)}" if written >= LEAST_S else ""
    most = group.longest
    return f"store: {' and '.join(filter(None, (reads, writes)))}, most of it in {most.step} ({most.service})"


def _retry(record: RunRecord, group: _Group) -> str:
    about, took = group.longest, seconds(group.seconds)
    part = part_of(about.step, about.part)
    if about.what == RECOVERY:
        return f"artifacts were lost: the run went back to the stage {about.stage}, {took} until then"
    found = _part(record, about)
    begun, retries = (found.deliveries, found.retries) if found else (1, 0)
    told = {
        BEGUN_AGAIN: f"a worker died: part {part} was begun {times(begun)}, {took} until it was begun again",
        TRIED_AGAIN: f"retries: {about.service} tried part {part} {times(retries)} again, {took} until the last try",
        SENT_AGAIN: f"lost parts: part {part} was sent again, {took} until then",
        DIVIDED: f"bad records: {about.step} killed its workers and was divided, {took} until {part} was sent",
    }
    return told.get(about.what, f"repeated work: {took}")


def _idle(record: RunRecord, group: _Group) -> str:
    about, took = group.longest, seconds(group.seconds)
    if about.what == MISSING:
        part = part_of(about.step, about.part) + _more(_missing(record, about) - 1)
        waited = _siblings_waited(record, about)
        said = f"; others of {about.step} waited up to {seconds(waited)} in the queue" if waited > STANDS_OUT_S else ""
        return f"{about.service} did not answer: {part} waited for until the stage's deadline, {took}{said}"
    if about.what == SENT_AGAIN:
        return f"the stage {about.stage} is not joined yet; its parts had to be sent again, {took} so far"
    if about.step:
        return f"not told: {took} before {about.step} was begun ({about.service})"
    return f"the stage {about.stage} was still at work: {took} without its join"


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
    return f"{group.longest.phase}: {seconds(group.seconds)}"


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
