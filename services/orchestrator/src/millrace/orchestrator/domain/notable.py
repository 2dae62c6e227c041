"""Which runs are worth a trace whatever chance said of them: those that somebody will ask about."""

from datetime import timedelta

from millrace.contracts.run import RunRecord, RunStatus

SLOW = timedelta(seconds=10)
"""The objective's bound."""
SLOW_SHARE = 0.8
"""A run that used more of its budget than this had a narrow escape."""


def worth_keeping(record: RunRecord) -> bool:
    """Whether an ended run failed, is partial, was cancelled, was slow, or had anything done more than once."""
    return record.status is not RunStatus.COMPLETED or record.attempt > 1 or _slow(record) or _repeated(record)


def chosen(before: RunRecord, after: RunRecord) -> RunRecord:
    """The record as it is to be written: recorded from the first moment at which it is certain that it is worth that.

    That is its attempt's end, or that something is done once more.
    """
    if after.attempt != before.attempt:
        return after.worth_a_trace(after.began_at)
    if after.recoveries != before.recoveries:
        return after.worth_a_trace(after.recovered_at)
    return after.worth_a_trace(after.ended_at) if after.status.terminal and worth_keeping(after) else after


def _slow(record: RunRecord) -> bool:
    begun = record.received_at if record.attempt == 1 and record.received_at else record.since
    took = (record.ended_at or begun) - begun
    return took > SLOW or took > SLOW_SHARE * (record.deadline_at - record.since)


def _repeated(record: RunRecord) -> bool:
    """Whether something was lost, published again, begun again or tried again."""
    parts = (part for stage in record.stages for step in stage.steps for part in step.parts)
    return (
        record.recoveries > 0
        or any(stage.dispatches > 1 for stage in record.stages)
        or any(part.deliveries > 1 or part.retries > 0 for part in parts)
    )
