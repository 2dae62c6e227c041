"""Cells that only their tenant's workers can read, or even find.

Every value is sealed with AES-256-GCM (NIST SP 800-38D) under a data key of the tenant, which is kept beside them,
itself sealed by the envelope (KMS). Sealing each value by the envelope would cost 0.3 ms; this costs 3 µs. A name is a
keyed digest (BLAKE2, RFC 7693), so that nobody can ask the store whether a tenant sent a certain text.
"""

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from millrace.nlp.cache.cells import Cells
from millrace.nlp.errors import CacheUnavailable
from millrace.storage.errors import Corrupt, StorageError
from millrace.storage.ports import Envelope

KEY_S = 90 * 24 * 3600
"""Seconds after which a tenant gets a new data key, and so an empty cache; far from the 2³² values that a key may seal
under random nonces."""
MEMORY_S = 300.0
"""Seconds for which a process keeps a tenant's data key, as it is sealed. The envelope opens it anew for each use, so
nobody has it for longer than the tenant's own keys."""
MEMORY_KEYS = 256
_NONCE = 12


@dataclass(frozen=True)
class _Opened:
    key: bytes = field(repr=False)

    def name(self, plain: bytes) -> str:
        return hashlib.blake2b(plain, key=self.key, digest_size=16).hexdigest()


@dataclass
class SealedCells:
    """Values by tenant and name. CacheUnavailable when the store or the envelope does not answer."""

    cells: Cells
    envelope: Envelope
    clock: Callable[[], float] = time.monotonic
    _keys: dict[str, tuple[bytes, float]] = field(default_factory=dict, repr=False)
    """The sealed data keys, and until when they are kept."""

    def get(self, tenant: str, names: Sequence[bytes]) -> list[bytes | None]:
        """The values in the order of the names; None where there is none or it was altered."""
        if not names:
            return []
        opened = self._opened(tenant)
        box = AESGCM(opened.key)
        places = [opened.name(name) for name in names]
        found = self.cells.get([f"{tenant}:{place}" for place in places])
        return [_open(box, place, sealed) for place, sealed in zip(places, found, strict=True)]

    def put(self, tenant: str, values: Mapping[bytes, bytes], ttl_s: int) -> None:
        """Keep these values for so many seconds."""
        if not values:
            return
        opened = self._opened(tenant)
        box = AESGCM(opened.key)
        sealed = {}
        for name, value in values.items():
            place, nonce = opened.name(name), os.urandom(_NONCE)
            sealed[f"{tenant}:{place}"] = nonce + box.encrypt(nonce, value, place.encode())
        self.cells.put(sealed, ttl_s)

    def _opened(self, tenant: str) -> _Opened:
        """The tenant's data key, made on first use. Whoever stores one first wins."""
        context = {"tenant": tenant, "purpose": "nlp-cache", "schema": "key/1"}
        sealed, until = self._keys.get(tenant, (b"", 0.0))
        try:
            if self.clock() < until:
                return _Opened(self.envelope.decrypt(sealed, context))
            sealed, opened = self._key(tenant, context)
        except StorageError as error:
            raise CacheUnavailable(f"envelope: {type(error).__name__}") from error
        if len(self._keys) >= MEMORY_KEYS:
            self._keys.clear()
        self._keys[tenant] = sealed, self.clock() + MEMORY_S
        return opened

    def _key(self, tenant: str, context: Mapping[str, str]) -> tuple[bytes, _Opened]:
        """The data key that is there. One that opens no more is replaced: what it sealed is lost in any case."""
        (there,) = self.cells.get([f"{tenant}:key"])
        try:
            if there is not None:
                return there, _Opened(self.envelope.decrypt(there, context))
        except Corrupt:
            self.cells.put({f"{tenant}:key": self._made(context)}, KEY_S)
        sealed = self.cells.put_first(f"{tenant}:key", self._made(context), KEY_S)
        return sealed, _Opened(self.envelope.decrypt(sealed, context))

    def _made(self, context: Mapping[str, str]) -> bytes:
        return self.envelope.encrypt(AESGCM.generate_key(256), context)


def _open(box: AESGCM, place: str, sealed: bytes | None) -> bytes | None:
    if sealed is None or len(sealed) <= _NONCE:
        return None
    try:
        return box.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
    except InvalidTag:
        return None
