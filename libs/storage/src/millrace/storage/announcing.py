"""Says over Redis that a run has changed, so that whoever shows it live need not look again and again.

A hint and no more: who waits looks now and then all the same, because an announcement may be lost.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from millrace.contracts.run import RunRecord
from millrace.storage.ports import Due, Idempotency, Page, RunStore

log = logging.getLogger(__name__)

TIMEOUT_S = 0.3
"""A write of a run is held up by its announcement for no longer than this, ..."""
QUIET_S = 5.0
"""... and not at all for so long after one that failed."""


def channel(tenant: str, run_id: str) -> str:
    """The pub/sub channel of a run."""
    return f"run:{tenant}:{run_id}"


@dataclass
class Announcer:
    """Publishes the revision of a run that was written. Never raises: the write has happened."""

    client: "Redis"
    clock: Callable[[], float] = time.monotonic
    _quiet_until: float = float("-inf")

    def tell(self, record: RunRecord) -> None:
        """Say that the run has this revision."""
        if self.clock() < self._quiet_until:
            return
        try:
            self.client.publish(channel(record.tenant, record.run_id), record.revision)
        except RedisError as error:
            self._quiet_until = self.clock() + QUIET_S
            log.warning("not_announced", extra={"action": "not_announced", "error": type(error).__name__})


def connect_announcer(redis_url: str) -> Announcer:
    """An announcer over connections of its own, which wait for less than those of the hot tier."""
    client = Redis.from_url(
        redis_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
    )
    return Announcer(client)


@dataclass(frozen=True)
class AnnouncingRuns:
    """A run store that announces every change of a run; see `RunStore`."""

    runs: RunStore
    announcer: Announcer

    def create(self, record: RunRecord, once: Idempotency | None = None) -> None:
        """See `RunStore`. Not announced: nobody can be waiting for a run that has no id yet."""
        self.runs.create(record, once)

    def known(self, tenant: str, key: str) -> Idempotency | None:
        """See `RunStore`."""
        return self.runs.known(tenant, key)

    def get(self, tenant: str, run_id: str) -> RunRecord:
        """See `RunStore`."""
        return self.runs.get(tenant, run_id)

    def replace(self, record: RunRecord) -> RunRecord:
        """See `RunStore`."""
        written = self.runs.replace(record)
        self.announcer.tell(written)
        return written

    def page(self, tenant: str, limit: int, cursor: str | None = None) -> Page:
        """See `RunStore`."""
        return self.runs.page(tenant, limit, cursor)

    def ids(self, tenant: str) -> Iterator[str]:
        """See `RunStore`."""
        return self.runs.ids(tenant)

    def delete(self, tenant: str, run_id: str) -> None:
        """See `RunStore`."""
        self.runs.delete(tenant, run_id)

    def due(self, before: datetime, limit: int) -> Sequence[Due]:
        """See `RunStore`."""
        return self.runs.due(before, limit)
