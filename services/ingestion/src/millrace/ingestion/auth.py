"""Who is asking, and what the key may do."""

import hashlib
import hmac
from dataclasses import dataclass, field

from fastapi import Request

from millrace.contracts.access import Scope
from millrace.ingestion.errors import NotAuthenticated


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whoever holds the key of a request."""

    tenant: str
    key_id: str = ""
    scopes: frozenset[Scope] = frozenset(Scope)


@dataclass(frozen=True)
class KeyRing:
    """API keys by their digest, so that a look-up takes the same time for every wrong key."""

    tenants_by_key: dict[str, str] = field(repr=False)

    def needs(self, scope: Scope) -> "Needs":
        """A dependency of a route: the caller, who must have this scope."""
        return Needs(self, scope)

    async def caller(self, request: Request) -> Caller:
        """Who holds the request's bearer key; NotAuthenticated when nobody does."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and key:
            given = hashlib.sha256(key.strip().encode()).digest()
            for known, tenant in self.tenants_by_key.items():
                if hmac.compare_digest(given, hashlib.sha256(known.encode()).digest()):
                    return Caller(tenant=tenant)
        raise NotAuthenticated("send `Authorization: Bearer <api key>`")


@dataclass(frozen=True, eq=False)
class Needs:
    """Lets a request pass whose key has the scope."""

    keys: KeyRing
    scope: Scope

    async def __call__(self, request: Request) -> Caller:
        """The caller; NotAuthenticated without a key, Forbidden without the scope."""
        return await self.keys.caller(request)
