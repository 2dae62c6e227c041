"""Who is asking: an API key names its tenant."""

import hashlib
import hmac
from dataclasses import dataclass, field

from fastapi import Request

from millrace.ingestion.errors import NotAuthenticated


@dataclass(frozen=True)
class KeyRing:
    """API keys by their digest, so that a look-up takes the same time for every wrong key."""

    tenants_by_key: dict[str, str] = field(repr=False)

    def tenant(self, request: Request) -> str:
        """The tenant of the request's bearer key; NotAuthenticated when there is none."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and key:
            given = hashlib.sha256(key.strip().encode()).digest()
            for known, tenant in self.tenants_by_key.items():
                if hmac.compare_digest(given, hashlib.sha256(known.encode()).digest()):
                    return tenant
        raise NotAuthenticated("send `Authorization: Bearer <api key>`")
