"""The sweep: each second, in every orchestration worker, under a lease. No scheduler is needed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from millrace.contracts.base import now
from millrace.orchestrator.engine import Engine
from millrace.orchestrator.lease import Lease
from millrace.storage.ports import RunStore
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

INTERVAL_S = 1.0
LEASE_MS = 900
"""A little less than the interval, so that the next turn finds it free."""
BATCH = 100
"""Runs that one sweep takes over at most; the next comes in a second."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Finds runs that are past due and hands each to the engine."""

    engine: Engine
    store: RunStore
    lease: Lease
    clock: Callable[[], datetime] = field(default=now)

    def once(self) -> int:
        """Take over what is due; returns how many runs that were. One bad run does not stop the others."""
        if not self.lease.take():
            return 0
        due = self.store.due(self.clock(), BATCH)
        for each in due:
            try:
                self.engine.take_over(each)
            except Exception:
                log.exception("takeover_failed", extra={"action": "takeover_failed", "run_id": each.run_id})
        return len(due)
