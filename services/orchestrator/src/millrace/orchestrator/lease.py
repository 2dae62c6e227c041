"""Leases: one of many workers does what only one needs to do."""

from dataclasses import dataclass
from typing import Protocol

from redis import Redis
from redis.exceptions import RedisError


class Lease(Protocol):
    """Lets one of many go ahead."""

    def take(self) -> bool:
        """Whether the work may be done here and now."""


@dataclass(frozen=True, kw_only=True)
class RedisLease:
    """A key that expires. It saves work; it does not guard truth: whatever is done under it must bear repetition."""

    client: "Redis"
    key: str
    milliseconds: int

    def take(self) -> bool:
        """See `Lease`. Without Redis every worker goes ahead, which costs requests and breaks nothing."""
        try:
            return bool(self.client.set(f"lease:{self.key}", "1", px=self.milliseconds, nx=True))
        except RedisError:
            return True
