"""An attempt before the present one: its record is gone, but for what was told of it."""

from millrace.contracts.happening import EventType
from millrace.contracts.journey import Interval, JourneyRow, Normal, Phase, PhaseTime, RunJourney
from millrace.contracts.run import AttemptRecord, RunRecord
from millrace.journey.analysis import attempt_times
from millrace.journey.lane import Lane
from millrace.journey.places import ORCHESTRATION
from millrace.journey.words import seconds

NOTE = "Of an earlier attempt the record keeps only when its stages began and were joined."


def earlier(record: RunRecord, number: int) -> RunJourney | None:
    """What is known of that attempt; None when the run has no such attempt before its present one."""
    attempt = next((each for each in record.history if each.attempt == number), None)
    return _told(record, attempt) if attempt else None


def _told(record: RunRecord, attempt: AttemptRecord) -> RunJourney:
    path = _path(record, attempt)
    took = (attempt.ended_at - attempt.began_at).total_seconds()
    longest = max((each for each in path if each.stage), key=lambda each: each.seconds, default=None)
    most = f" Its longest stage was {longest.stage}, {seconds(longest.seconds)}." if longest else ""
    return RunJourney(
        run_id=record.run_id, flow=record.flow, flow_version=record.flow_version, status=attempt.status,
        attempt=attempt.attempt, records=record.records, began_at=attempt.began_at, ended=True, seconds=took,
        verdict=f"Attempt {attempt.attempt} took {seconds(took)}.{most}",
        phases=(PhaseTime(phase=Phase.IDLE, seconds=took),), path=path, rows=_rows(record, attempt, path),
        gaps=attempt.gaps, reason=attempt.reason, normal=Normal(runs=0, enough=False, similar=False),
        attempts=attempt_times(record), notes=(NOTE,),
    )  # fmt: skip


def _path(record: RunRecord, attempt: AttemptRecord) -> tuple[Interval, ...]:
    lane = Lane(zero=attempt.began_at, at=attempt.began_at, end=attempt.ended_at)
    for event in record.told:
        if event.attempt != attempt.attempt or event.at is None:
            continue
        if event.type is EventType.STAGE_STARTED:
            lane.until(event.at, Phase.IDLE, ORCHESTRATION.told("not told", "told"))
        elif event.type is EventType.STAGE_JOINED:
            about = {"stage": event.stage, "what": "not told", "source": "told"}
            lane.until(event.at, Phase.IDLE, about)
    lane.until(lane.end, Phase.IDLE, ORCHESTRATION.told("not told", "told"))
    return tuple(lane.made)


def _rows(record: RunRecord, attempt: AttemptRecord, path: tuple[Interval, ...]) -> tuple[JourneyRow, ...]:
    took = path[-1].end_s if path else 0.0
    run = JourneyRow(
        kind="run", name=record.run_id, level=0, begin_s=0.0, end_s=took, status=attempt.status.value, critical=True,
        intervals=path,
    )  # fmt: skip
    stages = (
        JourneyRow(
            kind="stage", name=each.stage, level=1, begin_s=each.begin_s, end_s=each.end_s, stage=each.stage,
            critical=True, intervals=(each,),
        )
        for each in path
        if each.stage
    )  # fmt: skip
    return (run, *stages)
