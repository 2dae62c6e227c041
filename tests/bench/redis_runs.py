"""A run store in Redis: not a product's, but what shows the orchestrator without the cost of moto.

It makes the same promises as far as the orchestrator asks: consistent reads, writes on condition of the revision, and
an index of what is due.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from millrace.contracts.run import RunRecord
from millrace.storage.errors import Conflict, NotFound
from millrace.storage.ports import Due

_DUE = "bench:due"
_REPLACE = """
if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'revision', ARGV[1] + 1, 'record', ARGV[2])
if ARGV[3] == '' then redis.call('ZREM', KEYS[2], KEYS[1]) else redis.call('ZADD', KEYS[2], ARGV[3], KEYS[1]) end
return 1
"""
_EXPIRES_S = 600


@dataclass(frozen=True)
class RedisRuns:
    """The calls that creating and carrying on a run need; listing a tenant's runs is left to the real store."""

    client: Redis

    def create(self, record: RunRecord) -> None:
        """See `RunStore`."""
        key = _key(record.tenant, record.run_id)
        if not self.client.hsetnx(key, "revision", record.revision):
            raise Conflict(f"{record.run_id} exists")
        with self.client.pipeline(transaction=False) as pipe:
            pipe.hset(key, "record", record.model_dump_json())
            pipe.expire(key, _EXPIRES_S)
            if record.due_at is not None:
                pipe.zadd(_DUE, {key: record.due_at.timestamp()})
            pipe.execute()

    def get(self, tenant: str, run_id: str) -> RunRecord:
        """See `RunStore`."""
        found = self.client.hget(_key(tenant, run_id), "record")
        if found is None:
            raise NotFound(f"no run {run_id}")
        return RunRecord.model_validate_json(found)

    def replace(self, record: RunRecord) -> RunRecord:
        """See `RunStore`."""
        written = record.model_copy(update={"revision": record.revision + 1})
        due = repr(record.due_at.timestamp()) if record.due_at else ""
        keys = _key(record.tenant, record.run_id), _DUE
        if not self.client.eval(_REPLACE, len(keys), *keys, record.revision, written.model_dump_json(), due):
            raise Conflict(f"{record.run_id} has moved on")
        return written

    def due(self, before: datetime, limit: int) -> Sequence[Due]:
        """See `RunStore`."""
        found: Any = self.client.zrangebyscore(_DUE, "-inf", before.timestamp(), 0, limit, withscores=True)
        return [_due(key.decode(), score) for key, score in found]


def _due(key: str, score: float) -> Due:
    _, tenant, run_id = key.split(" ")
    return Due(tenant=tenant, run_id=run_id, due_at=datetime.fromtimestamp(score, UTC))


def _key(tenant: str, run_id: str) -> str:
    return f"bench:run {tenant} {run_id}"
