"""Who is asking, and what the key may do."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request

from millrace.contracts.access import ApiKeyRecord, Quota, Scope, TenantRecord
from millrace.contracts.base import now
from millrace.ingestion.errors import Forbidden, NotAuthenticated, QuotaUsedUp
from millrace.ingestion.failures import Failures
from millrace.ingestion.rates import Rates, refused
from millrace.ingestion.remembered import Remembered
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import GivenKey, KeyMaker, read_key
from millrace.storage.errors import NotFound

FRESH_S = 30.0
"""How long a key, a tenant and their absence are remembered: after that a revoked key opens nothing."""
REMEMBERED = 10_000
FAILURES_PER_MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whoever holds the key of a request."""

    tenant: str
    key_id: str = ""
    scopes: frozenset[Scope] = frozenset(Scope)
    quota: Quota = field(default_factory=Quota)


@dataclass
class KeyRing:
    """The API keys that are accepted."""

    accounts: Accounts
    maker: KeyMaker
    rates: Rates = field(default_factory=Rates)
    failures: Failures = field(default_factory=lambda: Failures(FAILURES_PER_MINUTE))
    clock: Callable[[], datetime] = now
    timer: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._keys: Remembered[ApiKeyRecord] = Remembered(self._key, REMEMBERED, FRESH_S, self.timer)
        self._tenants: Remembered[TenantRecord] = Remembered(self._tenant, REMEMBERED, FRESH_S, self.timer)

    def needs(self, scope: Scope) -> "Needs":
        """A dependency of a route: the caller, who must have this scope."""
        return Needs(self, scope)

    async def caller(self, request: Request) -> Caller:
        """Who holds the request's bearer key; NotAuthenticated when nobody does, RateLimited after too many such."""
        given = _given(request)
        address = request.client.host if request.client else ""
        if given is None or not self._opens(given):
            self.failures.check(address)
        caller = await self._holder(given) if given else None
        if caller is None:
            self.failures.count(address)
            raise NotAuthenticated("send `Authorization: Bearer <api key>` with a valid key")
        return caller

    async def admit(self, request: Request, caller: Caller) -> None:
        """Count the request; RateLimited when it is one too many. Its answer says how many are left."""
        standing = await self.rates.take(caller.tenant, caller.quota)
        if standing is None:
            return
        request.state.answer_headers = standing.headers
        if standing.retry_after_s:
            raise refused(standing)

    async def used_up(self, tenant: str) -> QuotaUsedUp | None:
        """The refusal of another run today, if the tenant's quota is used up."""
        record = await self._tenants.find(tenant)
        return await self.rates.used_up(tenant, record.quota) if record is not None else None

    async def reserve(self, tenant: str, records: int = 0) -> Callable[[], Awaitable[None]]:
        """Count a run before there is one (see `Rates.reserve`); QuotaUsedUp."""
        record = await self._tenants.find(tenant)
        return await self.rates.reserve(tenant, record.quota if record is not None else Quota(), records)

    async def still(self, request: Request, tenant: str) -> bool:
        """Whether the key that let the request in is still one of the tenant's. Fails as the stores do."""
        given = _given(request)
        holder = await self._holder(given) if given else None
        return holder is not None and holder.tenant == tenant

    async def active(self, tenant: str) -> TenantRecord | None:
        """The tenant's record; None when there is none or it is suspended or shredded."""
        record = await self._tenants.find(tenant)
        return record if record is not None and record.active else None

    def _opens(self, given: GivenKey) -> bool:
        """Whether the secret is that of a remembered key: who has it goes on while others guess from its address."""
        known = self._keys.known(given.key_id)
        return known is not None and self.maker.matches(known, given.secret)

    async def _holder(self, given: GivenKey) -> Caller | None:
        key = await self._keys.find(given.key_id)
        if key is None or not self.maker.matches(key, given.secret) or not key.live(self.clock()):
            return None
        tenant = await self.active(key.tenant)
        if tenant is None:
            return None
        return Caller(tenant=key.tenant, key_id=key.key_id, scopes=frozenset(key.scopes), quota=tenant.quota)

    def _key(self, key_id: str) -> ApiKeyRecord | None:
        try:
            return self.accounts.key(key_id)
        except NotFound:
            return None

    def _tenant(self, tenant: str) -> TenantRecord | None:
        try:
            return self.accounts.tenant(tenant)
        except NotFound:
            return None


def _given(request: Request) -> GivenKey | None:
    """The bearer key that the request comes with."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    return read_key(text.strip()) if scheme.lower() == "bearer" else None


@dataclass(frozen=True, eq=False)
class Needs:
    """Lets a request pass whose key has the scope."""

    keys: KeyRing
    scope: Scope

    async def __call__(self, request: Request) -> Caller:
        """The caller; NotAuthenticated without a key, RateLimited, Forbidden without the scope."""
        caller = await self.keys.caller(request)
        await self.keys.admit(request, caller)
        if self.scope not in caller.scopes:
            raise Forbidden(self.scope)
        return caller
