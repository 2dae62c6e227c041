"""The keys of tenants: each has wrapping keys of its own, and a tenant without them is a tenant without data.

A tenant's keys are one item, `tenant#<tenant>`/`seal`: every version, each sealed by the master key under the tenant's
name. The last version wraps new data keys, every version unwraps. Shredding writes a tombstone over them
(cryptographic erase, NIST SP 800-88 Rev. 1, section 2.5).
"""

import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import Base64Bytes, Field

from millrace.contracts.base import Message, Timestamp, now
from millrace.storage.errors import Conflict, NotFound, Shredded
from millrace.storage.items import Item, Items

SEAL = "seal"
"""Name of the item of a tenant's keys."""
KEY_BYTES = 32
"""AES-256."""


class MasterKey(Protocol):
    """The key management service: a master key that never leaves it, and the one whose place it takes."""

    def make(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        """A new key of `KEY_BYTES` bytes: plain, and sealed under the context."""

    def open(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """The plain key; Corrupt when it was altered, or sealed under another context or by a key that is not ours."""

    def reseal(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """The same key, sealed by the present master key, whichever sealed it before."""


class KeyVersion(Message):
    """One of a tenant's keys, sealed by the master key."""

    key_id: str
    sealed: Base64Bytes = Field(repr=False)
    made_at: Timestamp


class Seal(Message):
    """A tenant's keys, or what is left of them."""

    versions: tuple[KeyVersion, ...] = ()
    """The oldest first; the last one is the current."""
    shredded_at: Timestamp | None = None

    def version(self, key_id: str) -> KeyVersion | None:
        """The version of this id."""
        return next((each for each in self.versions if each.key_id == key_id), None)


@dataclass(frozen=True, kw_only=True)
class TenantKeys:
    """Keeps the keys of tenants. Nothing is cached here: `KmsEnvelope` does, and says for how long."""

    items: Items
    master: MasterKey
    clock: Callable[[], datetime] = now

    def seal(self, tenant: str) -> Seal:
        """The tenant's keys, none when it has none yet. Shredded when they are gone for good."""
        return _opened(self._item(tenant))

    def ensure(self, tenant: str) -> Seal:
        """The tenant's keys, made if it has none: whoever writes first wins. Shredded when they are gone for good."""
        item = self._item(tenant)
        seal = _opened(item)
        if seal.versions:
            return seal
        try:
            return self._add(tenant, item, seal)
        except Conflict:
            return self.seal(tenant)

    def open(self, tenant: str, version: KeyVersion) -> bytes:
        """The plain key: one call of the key management service."""
        return self.master.open(version.sealed, _context(tenant))

    def rotate(self, tenant: str) -> Seal:
        """Add a version for what is sealed from now on, and have the present master key seal those that are there.

        What was sealed under them stays readable. Conflict when somebody else wrote meanwhile.
        """
        item = self._item(tenant)
        seal = _opened(item)
        resealed = tuple(self._resealed(tenant, each) for each in seal.versions)
        return self._add(tenant, item, seal.model_copy(update={"versions": resealed}))

    def shred(self, tenant: str) -> Seal:
        """Forget the tenant's keys for good; its first time stays. Conflict when somebody else wrote meanwhile."""
        item = self._item(tenant)
        known = Seal.model_validate_json(item.body) if item.body else Seal()
        if known.shredded_at is None:
            known = Seal(shredded_at=self.clock())
            self._write(item, known)
        return known

    def _add(self, tenant: str, item: Item, seal: Seal) -> Seal:
        _, sealed = self.master.make(_context(tenant))
        # Of one length: a sealed message names it, followed by what is not part of it.
        version = KeyVersion(key_id=secrets.token_hex(8), sealed=b64encode(sealed), made_at=self.clock())
        added = seal.model_copy(update={"versions": (*seal.versions, version)})
        self._write(item, added)
        return added

    def _resealed(self, tenant: str, version: KeyVersion) -> KeyVersion:
        return version.model_copy(update={"sealed": self.master.reseal(version.sealed, _context(tenant))})

    def _item(self, tenant: str) -> Item:
        owner = f"tenant#{tenant}"
        try:
            return self.items.get(owner, SEAL)
        except NotFound:
            return Item(owner=owner, name=SEAL, body=b"")

    def _write(self, item: Item, seal: Seal) -> None:
        body = seal.model_dump_json(exclude_none=True).encode()
        self.items.put(Item(owner=item.owner, name=item.name, body=body, revision=item.revision))


def _opened(item: Item) -> Seal:
    seal = Seal.model_validate_json(item.body) if item.body else Seal()
    if seal.shredded_at is not None:
        raise Shredded("the tenant's data was made unreadable for good")
    return seal


def _context(tenant: str) -> dict[str, str]:
    return {"tenant": tenant, "purpose": "tenant-key"}
