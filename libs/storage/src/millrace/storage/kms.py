"""Envelope encryption by the AWS Encryption SDK in two levels: a message's data key is wrapped under a key of its
tenant (`tenant_keys`), and that one is sealed by the master key in KMS.

KMS is asked once per tenant and process in five minutes, so the encryption context may name the run and the schema:
a data key of its own for each of them costs nothing but a little AES.

Algorithm: AES-256-GCM with HKDF and key commitment, unsigned. The signed default costs 11 ms per MB more and guards
against readers who may decrypt but not encrypt; here every service may do both. The SDK's format is documented in the
AWS Encryption SDK developer guide, "Message format reference".
"""

import os
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aws_encryption_sdk  # type: ignore[import-untyped]
from aws_encryption_sdk.caches.local import LocalCryptoMaterialsCache  # type: ignore[import-untyped]
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError  # type: ignore[import-untyped]
from aws_encryption_sdk.identifiers import AlgorithmSuite, CommitmentPolicy  # type: ignore[import-untyped]
from aws_encryption_sdk.materials_managers.caching import CachingCryptoMaterialsManager  # type: ignore[import-untyped]
from cachetools import TTLCache
from cryptography.exceptions import InvalidTag

from millrace.storage.errors import Corrupt
from millrace.storage.keyring import MASTER, TenantKeyring, UnknownVersion
from millrace.storage.tenant_keys import TenantKeys

MAX_AGE_S = 300.0
MAX_MESSAGES = 1_000
MAX_BYTES = 1 << 30
"""Bounds of one cached data key: five minutes, a thousand messages, a gibibyte. The keys of a tenant and all data keys
under them are forgotten together, five minutes after they were read: that long a process reads what was shredded."""
MAX_TENANTS = 256
"""Tenants whose keys a process keeps; the one that was not used for longest makes room."""
MAX_DATA_KEYS = 256
"""Data keys that a process keeps of each tenant."""
FRAME = 1 << 20
"""Bytes that are sealed at a time: with the SDK's default, 4 KiB, a megabyte takes 256 times as many steps."""

# What the SDK lets through from below when it is given bytes that are no message of its own.
_UNREADABLE = (AWSEncryptionSDKClientError, InvalidTag, ValueError, struct.error)


@dataclass
class _Slot:
    """A tenant's place in the cache: who comes first fills it, the others wait."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    opened: "_Opened | None" = None


@dataclass(frozen=True)
class _Opened:
    keyring: TenantKeyring
    manager: CachingCryptoMaterialsManager


class _Slots:
    """The slots of one process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.pid, self._lock = os.getpid(), threading.Lock()
        self._slots: TTLCache[str, _Slot] = TTLCache(MAX_TENANTS, MAX_AGE_S, clock)

    def of(self, tenant: str) -> _Slot:
        with self._lock:
            slot = self._slots.get(tenant)
            if slot is None:
                slot = self._slots[tenant] = _Slot()
            return slot


class KmsEnvelope:
    """Seals under a data key of the context's tenant. Each tenant has its own cache partition."""

    def __init__(self, keys: TenantKeys, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys, self._clock = keys, clock
        self._client = aws_encryption_sdk.EncryptionSDKClient(
            commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT, max_encrypted_data_keys=1
        )
        self._slots = _Slots(clock)

    def encrypt(self, data: bytes, context: Mapping[str, str]) -> bytes:
        """See `Envelope`."""
        opened = self._opened(context["tenant"])
        if opened.keyring.empty:
            self._keys.ensure(context["tenant"])
            opened = self._opened(context["tenant"], stale=opened)
        sealed, _ = self._client.encrypt(
            source=data, materials_manager=opened.manager, encryption_context=dict(context), frame_length=FRAME,
            algorithm=AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
        )  # fmt: skip
        return bytes(sealed)

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """See `Envelope`."""
        tenant = context["tenant"]
        opened = self._opened(tenant)
        try:
            try:
                data, header = self._client.decrypt(source=sealed, materials_manager=opened.manager)
            except UnknownVersion:
                # Another process has made it since the keys were read here.
                fresh = self._opened(tenant, stale=opened)
                data, header = self._client.decrypt(source=sealed, materials_manager=fresh.manager)
        except _UNREADABLE as error:
            raise Corrupt(f"the sealed bytes are not readable ({type(error).__name__})") from error
        if header.encryption_context != _expected(header, context):
            raise Corrupt("the sealed bytes belong to another context")
        return bytes(data)

    def _opened(self, tenant: str, stale: _Opened | None = None) -> _Opened:
        """The tenant's keys, read anew when they are the stale ones."""
        # A forked child begins anew: a lock may have been held when it was forked.
        if self._slots.pid != os.getpid():
            self._slots = _Slots(self._clock)
        slot = self._slots.of(tenant)
        with slot.lock:
            if slot.opened is None or slot.opened is stale:
                slot.opened = self._open(tenant)
            return slot.opened

    def _open(self, tenant: str) -> _Opened:
        keyring = TenantKeyring.of(self._keys, tenant)
        manager = CachingCryptoMaterialsManager(
            master_key_provider=keyring, cache=LocalCryptoMaterialsCache(capacity=MAX_DATA_KEYS), max_age=MAX_AGE_S,
            max_messages_encrypted=MAX_MESSAGES, max_bytes_encrypted=MAX_BYTES, partition_name=tenant.encode(),
        )  # fmt: skip
        return _Opened(keyring, manager)


def _expected(header: Any, context: Mapping[str, str]) -> dict[str, str]:
    """What the message has to name. The release before sealed under the master key itself and named less."""
    providers = {each.key_provider.provider_id for each in header.encrypted_data_keys}
    old = MASTER in providers
    return {key: value for key, value in context.items() if not old or key in ("tenant", "purpose")}
