"""Batches without a run: the ingestion service was killed after it stored one and before it accepted the run.

Rare, and nobody was promised anything; but what is personal must not lie about unowned. Four times a day one
orchestration worker lists the bucket: 0.005 USD a million objects.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from millrace.contracts.ids import RUN_ID, accepted_ms
from millrace.orchestrator.lease import Lease
from millrace.storage.artifacts import ArtifactStore, batch_key
from millrace.storage.errors import NotFound, Shredded
from millrace.storage.ports import RunStore
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

INTERVAL_S = 600.0
"""How often a worker asks for the lease."""
LEASE_S = 6 * 3600
"""How long the work of one rests on its laurels."""
OLD_S = 3600.0
"""Seconds after which a batch without a run will never have one; far above any request."""


@dataclass(frozen=True, kw_only=True)
class Janitor:
    """Deletes batches that no run refers to."""

    store: RunStore
    artifacts: ArtifactStore
    lease: Lease
    clear_uploads: Callable[[], int] = lambda: 0
    """Drops uploads that have expired, where no lifecycle rule of the bucket does; returns how many."""
    old_s: float = OLD_S
    clock: Callable[[], float] = field(default=time.time)

    def once(self) -> int:
        """Look through everything if it is this worker's turn; returns how many batches were deleted."""
        if not self.lease.take():
            return 0
        before = (self.clock() - self.old_s) * 1000
        alone = (
            (tenant, run_id)
            for tenant, run_id, keys in self.artifacts.by_run()
            # A run that was accepted has more objects than its batch, or is found in the store.
            if keys == [batch_key(run_id)] and RUN_ID.match(run_id) and accepted_ms(run_id) < before
        )
        deleted = sum(self._delete_unless_known(tenant, run_id) for tenant, run_id in alone)
        uploads = self.clear_uploads()
        about = {"action": "bucket_looked_through", "deleted": deleted, "uploads": uploads}
        log.info("bucket_looked_through", extra=about)
        return deleted

    def _delete_unless_known(self, tenant: str, run_id: str) -> bool:
        try:
            self.store.get(tenant, run_id)
        except (NotFound, Shredded):
            self.artifacts.delete_key(tenant, batch_key(run_id))
            return True
        return False
