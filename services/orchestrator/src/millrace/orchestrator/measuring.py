"""What the orchestrator measures: the queues of all services, and the runs that it carries on."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from redis import Redis
from redis.exceptions import RedisError

from millrace.contracts.report import COST_FACT
from millrace.contracts.routing import DEAD_LETTERS, QUEUES
from millrace.contracts.run import RunRecord, RunStatus, StageRecord
from millrace.telemetry.metrics import begin, count, forget, gauge, observe
from millrace.worker.load.queues import Look

INTERVAL_S: Final = 5.0
LEASE_MS: Final = 12_000
"""Who measures goes on with it: another begins when he has missed two turns."""
IN_TIME_S: Final = 10.0
"""The objective: 99 % of the runs that were promised it have their report within so many seconds."""
GAUGES: Final = ("queue_depth", "queue_in_flight", "queue_slots", "queue_oldest_seconds", "dead_letters")
_REPORTED: Final = (RunStatus.COMPLETED, RunStatus.PARTIAL)

_TAKE: Final = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


@dataclass(frozen=True, kw_only=True)
class KeptLease:
    """A lease that its holder keeps for as long as it comes back for it: one replica's gauges go on in one place."""

    client: "Redis"
    key: str
    milliseconds: int
    owner: str = field(default_factory=lambda: secrets.token_hex(8))

    def take(self) -> bool:
        """Whether it is ours. Not without Redis, which knows what the workers hold: then nobody measures."""
        try:
            return bool(self._take(keys=[f"lease:{self.key}"], args=[self.owner, self.milliseconds]))
        except RedisError:
            return False

    @cached_property
    def _take(self) -> Any:
        return self.client.register_script(_TAKE)


@dataclass(frozen=True, kw_only=True)
class Queues:
    """Sets the gauges of the queues while this process holds the lease; else it has nothing to say of them.

    Then they vanish here, and whoever holds it says what there is. A turn that fails leaves them as they are until
    `metrics.HOLDS_S` is over.
    """

    look: Look
    lease: KeptLease
    names: Sequence[str] = QUEUES

    def once(self) -> int:
        """Measure; returns how many queues that were. LoadUnavailable when the broker or Redis does not answer."""
        if not self.lease.take():
            for name in GAUGES:
                forget(name)
            return 0
        states = self.look.at((*self.names, DEAD_LETTERS))
        for name in self.names:
            state = states[name]
            gauge("queue_depth", state.depth, queue=name)
            gauge("queue_in_flight", state.in_flight, queue=name)
            gauge("queue_slots", state.slots, queue=name)
            gauge("queue_oldest_seconds", state.oldest_s, queue=name)
        gauge("dead_letters", states[DEAD_LETTERS].depth)
        return len(self.names)


def measure(before: RunRecord, after: RunRecord) -> None:
    """Count what became true when the record was written: joined stages, and the attempt's end.

    A run looked at as much of its records as the step that looked at least.
    """
    known = {stage.name for stage in before.stages if stage.joined_at} if before.attempt == after.attempt else set()
    for stage in after.stages:
        if stage.joined_at is not None and stage.name not in known and stage.steps:
            _measure_stage(after.flow, stage)
    if after.status.terminal and not (before.status.terminal and before.attempt == after.attempt):
        _measure_end(after)


def _measure_stage(flow: str, stage: StageRecord) -> None:
    mine = [step for step in stage.steps if step.planned and step.reused_from is None]
    if stage.joined_at is None or not mine:
        return
    observe("stage_seconds", _seconds(stage.started_at, stage.joined_at), flow=flow, stage=stage.name)
    began = [part for step in mine for part in step.parts if part.started_at]
    if began:
        works = max(_seconds(part.started_at, part.ended_at) for part in began)
        observe("stage_work_seconds", works, flow=flow, stage=stage.name)
    waits = [_seconds(part.sent_at, part.started_at) for part in began if part.sent_at]
    if waits:
        observe("stage_wait_seconds", max(waits), flow=flow, stage=stage.name)


def _seconds(first: datetime | None, last: datetime | None) -> float:
    """Between two moments, which two clocks may have told."""
    return max(0.0, (last - first).total_seconds()) if first and last else 0.0


def _measure_end(record: RunRecord) -> None:
    if record.ended_at is None:
        return
    flow, status = record.flow, record.status.value
    seconds = (record.ended_at - record.since).total_seconds()
    count("runs_ended", flow=flow, status=status)
    observe("run_seconds", seconds, flow=flow, status=status)
    if _promised(record):
        count("runs_promised", flow=flow)
        # Also by nothing: a service none of whose runs was in time has the series, too.
        count("runs_in_time", record.status in _REPORTED and seconds <= IN_TIME_S, flow=flow)
    shares = [step.coverage.share for stage in record.stages for step in stage.steps if step.coverage]
    if shares:
        observe("run_coverage", min(shares), flow=flow)
    for gap in record.gaps:
        count("gaps", flow=flow, step=gap.step, reason=gap.reason.partition(" ")[0])
    for stage in record.stages:
        for step in stage.steps:
            # What an earlier attempt did was counted when that ended.
            if COST_FACT in step.facts and step.reused_from is None:
                count("run_cost_usd", step.facts[COST_FACT], flow=flow)


def begin_counting(flows: Iterable[str]) -> None:
    """Which flows there are is known before the first run ends."""
    for flow in flows:
        begin("runs_promised", flow=flow)
        begin("runs_in_time", flow=flow)


def _promised(record: RunRecord) -> bool:
    """Whether its consumer could count on a report within the objective's time: it had no longer budget, and was not
    cancelled. A redrive comes when somebody asks for it.
    """
    budget = (record.deadline_at - record.since).total_seconds()
    return record.attempt == 1 and record.status is not RunStatus.CANCELLED and budget <= IN_TIME_S
