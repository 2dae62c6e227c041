"""API keys as text: `mlr_<id>_<secret>`. The id is public and finds the key's record; the secret is never stored."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from millrace.contracts.access import ApiKeyRecord, Scope

SCHEME = "mlr"
"""Lets scanners find a key that was committed somewhere."""
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LENGTH = 12
_SECRET_BYTES = 32
_KEY = re.compile(rf"{SCHEME}_([a-z2-7]{{{_ID_LENGTH}}})_([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True)
class GivenKey:
    """A key as a request presents it."""

    key_id: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """The whole key: to be shown once and kept nowhere."""
        return f"{SCHEME}_{self.key_id}_{self.secret}"


def new_key() -> GivenKey:
    """A key that nobody has."""
    key_id = "".join(secrets.choice(_BASE32) for _ in range(_ID_LENGTH))
    return GivenKey(key_id, secrets.token_urlsafe(_SECRET_BYTES))


def read_key(text: str) -> GivenKey | None:
    """The parts of what looks like a key, else None."""
    found = _KEY.fullmatch(text)
    return GivenKey(found[1], found[2]) if found else None


@dataclass(frozen=True)
class KeyMaker:
    """Makes keys and knows them again, by HMAC-SHA-256 (RFC 2104) under a pepper.

    A secret of 256 random bits cannot be guessed, so that nothing is gained by a slow password hash; the pepper makes
    what the store holds worthless without the service's settings.
    """

    peppers: tuple[str, ...] = field(repr=False)
    """The first makes digests, all are tried: a pepper can be changed while keys made under the old one are out."""

    def make(
        self, tenant: str, name: str, scopes: tuple[Scope, ...], at: datetime, expires_at: datetime | None = None
    ) -> tuple[ApiKeyRecord, str]:
        """The record of a new key, and the key itself."""
        given = new_key()
        return self.record(given, tenant, name, scopes, at, expires_at), given.text

    def record(
        self, given: GivenKey, tenant: str, name: str, scopes: tuple[Scope, ...], at: datetime,
        expires_at: datetime | None = None,
    ) -> ApiKeyRecord:  # fmt: skip
        """The record by which this key is known again."""
        return ApiKeyRecord(
            key_id=given.key_id, tenant=tenant, name=name, scopes=scopes,
            digest=_digest(self.peppers[0], given.secret), created_at=at, expires_at=expires_at,
        )  # fmt: skip

    def matches(self, record: ApiKeyRecord, secret: str) -> bool:
        """Whether the secret is this key's; takes the same time wherever they differ."""
        # A list: every pepper is tried whichever fits.
        return any([hmac.compare_digest(_digest(pepper, secret), record.digest) for pepper in self.peppers])


def _digest(pepper: str, secret: str) -> str:
    return hmac.new(pepper.encode(), secret.encode(), hashlib.sha256).hexdigest()
