"""The critical path of a run: what it was waiting for at each moment, from its beginning to its end."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from millrace.contracts.journey import Interval, Phase
from millrace.contracts.run import CallbackRecord, CallbackStatus, RunRecord, StageRecord
from millrace.journey import places
from millrace.journey.behind import Busy
from millrace.journey.lane import Lane
from millrace.journey.parts import SENT_AGAIN, Awaited, awaited, lay_part

GOING_ON = "going on"
RECOVERY = "recovery"
ANSWER, TRIES, PREPARE, NOT_YET = "answer", "tries", "prepare", "not yet"
_CALLED_BACK = (CallbackStatus.DELIVERED, CallbackStatus.GIVEN_UP)


@dataclass(frozen=True, kw_only=True)
class Path:
    """A run's time, of its present attempt."""

    begin: datetime
    end: datetime
    intervals: tuple[Interval, ...]
    """In order, without holes, from the one to the other."""
    busy: Busy
    awaited: dict[str, Awaited] = field(default_factory=dict)
    """By stage, for what its join waited last."""
    skew_s: float = 0.0

    @property
    def seconds(self) -> float:
        """All of it."""
        return (self.end - self.begin).total_seconds()


def begin_of(record: RunRecord) -> datetime:
    """When the request came in, or when this attempt began."""
    if record.attempt > 1:
        return record.since
    return min(record.received_at or record.accepted_at, record.accepted_at)


def end_of(record: RunRecord, at: datetime) -> datetime:
    """When the callback was over, or the attempt where there is none; `at` is the present for what still goes on.

    A callback that somebody asked for again by hand, days later perhaps, does not count: nobody waited for it.
    """
    if record.ended_at is None:
        return at
    callback = record.callback
    if callback is None or callback.replayed_after is not None:
        return record.ended_at
    if callback.status is CallbackStatus.PENDING:
        return at
    return max(record.ended_at, _called_back_at(callback) or record.ended_at)


def _called_back_at(callback: CallbackRecord) -> datetime | None:
    if callback.status not in _CALLED_BACK:
        return None
    if callback.delivered_at is None and callback.began_at is not None:
        return callback.began_at + timedelta(seconds=callback.answer_s)
    return callback.delivered_at


def path(record: RunRecord, at: datetime) -> Path:
    """The run's critical path, up to its end or to `at`. It adds up to the time between."""
    begin = begin_of(record)
    end = max(end_of(record, at), begin)
    lane = Lane(zero=begin, at=begin, end=end)
    if record.attempt == 1:
        for moment, source in (
            (record.accepted_at, "received_at, accepted_at"),
            (record.start_sent_at, "start_sent_at"),
        ):
            lane.until(moment, Phase.ACCEPT, places.INGESTION.told(source=source))
    found: dict[str, Awaited] = {}
    busy = Busy(record)
    for number, stage in enumerate(record.stages):
        _lay_beginning(lane, record, number, stage)
        last = _lay_stage(lane, record, stage, busy)
        if last is not None:
            found[stage.name] = last
    _lay_end(lane, record)
    return Path(begin=begin, end=end, intervals=tuple(lane.made), busy=busy, awaited=found, skew_s=lane.skew_s)


def _lay_beginning(lane: Lane, record: RunRecord, number: int, stage: StageRecord) -> None:
    place = replace(places.ORCHESTRATION, stage=stage.name)
    if record.recoveries and number == record.kept:
        lane.until(stage.started_at, Phase.RETRY, place.told(RECOVERY, "recoveries, recovered_at, stage.started_at"))
    if number == 0:
        lane.waits(stage.started_at, stage.queued_s, place, "stage.queued_s")
    lane.until(stage.started_at, Phase.DISPATCH, place.told(source="stage.started_at"))


def _lay_stage(lane: Lane, record: RunRecord, stage: StageRecord, busy: Busy) -> Awaited | None:
    place = replace(places.ORCHESTRATION, stage=stage.name)
    if stage.joined_at is None:
        what = SENT_AGAIN if stage.dispatches > 1 else GOING_ON
        source = "stage.started_at; its parts are written down at its join"
        lane.until(record.ended_at or lane.end, Phase.IDLE, replace(place, service="", queue="").told(what, source))
        return None
    last = awaited(stage)
    if last is not None:
        lay_part(lane, stage, last.step, last.part, busy, split=True)
    lane.waits(stage.joined_at, stage.join_queued_s, place, "stage.join_queued_s")
    lane.until(stage.joined_at, Phase.JOIN, place.told(source="part.ended_at, stage.joined_at"))
    return last


def _lay_end(lane: Lane, record: RunRecord) -> None:
    if record.ended_at is None:
        # Between two stages nothing of a run waits; before the first its message does.
        lane.until(lane.end, Phase.QUEUE, places.ORCHESTRATION.told(source="accepted_at"))
        return
    lane.until(record.ended_at, Phase.JOIN, places.ORCHESTRATION.told(source="ended_at"))
    callback = record.callback
    if callback is not None and lane.end > record.ended_at:
        _lay_callback(lane, callback)


def _lay_callback(lane: Lane, callback: CallbackRecord) -> None:
    place, began = places.CALLBACK, callback.began_at
    consumer = replace(place, service=places.CONSUMER, queue="")
    if began is not None:
        if callback.deliveries > 1:
            before = max(began - timedelta(seconds=callback.queued_s), lane.at)
            lane.until(before, Phase.CALLBACK, consumer.told(TRIES, "callback.deliveries, callback.began_at"))
        lane.waits(began, callback.queued_s, place, "callback.queued_s")
        lane.until(began, Phase.CALLBACK, place.told(PREPARE, "callback.began_at"))
        answered = began + timedelta(seconds=callback.answer_s)
        lane.until(min(answered, lane.end), Phase.CALLBACK, consumer.told(ANSWER, "callback.answer_s"))
    what = NOT_YET if callback.status is CallbackStatus.PENDING else PREPARE
    lane.until(lane.end, Phase.CALLBACK, place.told(what, "callback.status, callback.delivered_at"))
