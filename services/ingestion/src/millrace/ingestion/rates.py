"""How much of the API a tenant may use: requests in a second and a minute, runs and records in a day.

Windows are fixed and begin at round times, so that one counter each is enough and their end is known without asking.
A burst across the end of a window may therefore reach twice its number.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from redis.exceptions import RedisError

from millrace.contracts.access import Quota
from millrace.ingestion.errors import QuotaUsedUp, RateLimited
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

PATIENCE_S = 0.25
"""How long a request waits for its counters."""
AWAY_S = 1.0
"""How long the counters are left alone after they did not answer."""
LOG_S = 60.0
DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is left of a tenant's rates."""

    headers: dict[str, str]
    """`RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers-10 writes them."""
    retry_after_s: int = 0
    """0 while the request may pass."""


@dataclass
class Counters:
    """Counters that several processes share. Where they cannot be reached nobody is refused for it."""

    storage: Storage
    clock: Callable[[], float] = time.time
    patience_s: float = PATIENCE_S
    _away_until: float = 0.0
    _log_at: float = 0.0

    async def add(self, name: str, seconds: int, amount: int = 1) -> int | None:
        """Count on, in a counter that is forgotten after these seconds; the new number, None when nobody knows."""
        return await self._ask(lambda: self.storage.incr(name, seconds, amount))

    async def read(self, name: str) -> int | None:
        """The number; None when nobody knows."""
        return await self._ask(lambda: self.storage.get(name))

    async def _ask(self, ask: Callable[[], Awaitable[int]]) -> int | None:
        if self.clock() < self._away_until:
            return None
        try:
            async with asyncio.timeout(self.patience_s):
                return await ask()
        except (RedisError, OSError, TimeoutError) as error:
            self._away(error)
            return None

    def _away(self, error: Exception) -> None:
        at = self.clock()
        self._away_until = at + AWAY_S
        if at >= self._log_at:
            self._log_at = at + LOG_S
            log.warning("rates_unknown", extra={"action": "rates_unknown", "error": type(error).__name__})


@dataclass
class Rates:
    """Counts what tenants use against their quotas."""

    counters: Counters = field(default_factory=lambda: Counters(MemoryStorage()))

    async def take(self, tenant: str, quota: Quota) -> Standing | None:
        """Count a request; None when nobody knows how many there were."""
        windows = (("burst", quota.burst_per_second, 1), ("minute", quota.requests_per_minute, 60))
        at = self.counters.clock()
        used = await asyncio.gather(
            *(self.counters.add(_name(what, tenant, at, seconds), seconds + 1) for what, _, seconds in windows)
        )
        policy, left, wait = [], [], 0
        for (what, most, seconds), count in zip(windows, used, strict=True):
            if count is None:
                return None
            again = _again_s(at, seconds)
            policy.append(f'"{what}";q={most};w={seconds}')
            left.append(f'"{what}";r={max(most - count, 0)};t={again}')
            wait = max(wait, again if count > most else 0)
        headers = {"RateLimit-Policy": ", ".join(policy), "RateLimit": ", ".join(left)}
        return Standing(headers=headers, retry_after_s=wait)

    async def used_up(self, tenant: str, quota: Quota) -> QuotaUsedUp | None:
        """The refusal of another run when the day's runs or records are used up. Asked before a body is parsed: the
        batch that reaches the number of records passes whole.
        """
        at = self.counters.clock()
        most = {"runs": quota.runs_per_day, "records": quota.records_per_day}
        used = await asyncio.gather(*(self.counters.read(_name(what, tenant, at, DAY_S)) for what in most))
        for (what, limit), count in zip(most.items(), used, strict=True):
            if count is not None and count >= limit:
                return _used_up(what, limit, at)
        return None

    async def reserve(self, tenant: str, quota: Quota, records: int = 0) -> Callable[[], Awaitable[None]]:
        """Count a run and its records before there is one, so that of two at a time only one can be the last.

        Returns what gives them back. QuotaUsedUp when others have used the day up.
        """
        at, used = self.counters.clock(), {"runs": 1, "records": records}
        counts = await asyncio.gather(*(self._count(what, tenant, at, amount) for what, amount in used.items()))
        known = {what: count for what, count in zip(used, counts, strict=True) if count is not None}

        async def give_back() -> None:
            await asyncio.gather(*(self._count(what, tenant, at, -used[what]) for what in known))

        most = {"runs": quota.runs_per_day, "records": quota.records_per_day}
        for what, count in known.items():
            if count - used[what] >= most[what]:
                await give_back()
                raise _used_up(what, most[what], at)
        return give_back

    async def at_most(self, most: int, what: str, tenant: str) -> None:
        """Count something that may be done so often in a minute; RateLimited when it is one too many."""
        at = self.counters.clock()
        count = await self.counters.add(_name(what, tenant, at, 60), 61)
        if count is not None and count > most:
            again = _again_s(at, 60)
            raise RateLimited(f"this may be asked for {most} times a minute; ask again in {again} s", again)

    async def _count(self, what: str, tenant: str, at: float, amount: int) -> int | None:
        return await self.counters.add(_name(what, tenant, at, DAY_S), DAY_S + 60, amount)


def connect_rates(redis_url: str, patience_s: float = PATIENCE_S) -> Rates:
    """Rates that every process of the API counts together, in this Redis. Connects when it is used."""
    storage = RedisStorage(
        f"async+{redis_url}", implementation="redispy", key_prefix="rates", socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
    )  # fmt: skip
    return Rates(Counters(storage, patience_s=patience_s))


def refused(standing: Standing) -> RateLimited:
    """The error for a request that may not pass."""
    return RateLimited(f"too many requests; send it again in {standing.retry_after_s} s", standing.retry_after_s)


def _used_up(what: str, most: int, at: float) -> QuotaUsedUp:
    return QuotaUsedUp(f"the day's {most} {what} are used up; the day ends at midnight UTC", _again_s(at, DAY_S))


def _name(what: str, tenant: str, at: float, seconds: int) -> str:
    return f"{what}/{tenant}/{int(at // seconds)}"


def _again_s(at: float, seconds: int) -> int:
    return max(1, math.ceil(seconds - at % seconds))
