"""A tenant's keys as the AWS Encryption SDK asks for them: a master key provider of our own."""

from typing import Any

from aws_encryption_sdk.exceptions import IncorrectMasterKeyError  # type: ignore[import-untyped]
from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm  # type: ignore[import-untyped]
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey  # type: ignore[import-untyped]
from aws_encryption_sdk.key_providers.base import (  # type: ignore[import-untyped]
    MasterKeyProvider,
    MasterKeyProviderConfig,
)
from aws_encryption_sdk.key_providers.raw import RawMasterKey  # type: ignore[import-untyped]
from aws_encryption_sdk.structures import DataKey, EncryptedDataKey  # type: ignore[import-untyped]

from millrace.storage.errors import Corrupt
from millrace.storage.tenant_keys import KeyVersion, Seal, TenantKeys

TENANT = "millrace-tenant"
"""Provider of data keys that are wrapped under a tenant's key."""
MASTER = "aws-kms"
"""Provider of data keys that are wrapped under the master key itself, as the release before wrote them."""
_AFTER_ID = 20
"""Bytes of a raw key's name behind its id: the lengths of tag and nonce and the nonce, 4 + 4 + 12 (AWS Encryption SDK
developer guide, "Message format reference", key provider information)."""


class UnknownVersion(Corrupt):
    """The message names a version of the tenant's keys that was not there when they were read."""


class TenantKeyring(MasterKeyProvider):  # type: ignore[misc]
    """Wraps data keys under the tenant's current key, and unwraps them under the version that the message names.

    The current version is opened at once, an old one when it is first needed: each costs a call of the key management
    service.
    """

    provider_id = TENANT
    _config_class = MasterKeyProviderConfig
    _keys: TenantKeys
    _tenant: str
    _seal: Seal
    _opened: dict[str, RawMasterKey]

    @classmethod
    def of(cls, keys: TenantKeys, tenant: str) -> "TenantKeyring":
        """The tenant's keyring as it is now. Shredded, or Unavailable."""
        ring = cls()
        ring._keys, ring._tenant, ring._seal, ring._opened = keys, tenant, keys.seal(tenant), {}
        if not ring.empty:
            ring._master_key(ring._seal.versions[-1])
        return ring

    @property
    def empty(self) -> bool:
        """Whether the tenant has no keys yet."""
        return not self._seal.versions

    def master_keys_for_encryption(
        self, encryption_context: Any, plaintext_rostream: Any, plaintext_length: int | None = None
    ) -> tuple[RawMasterKey, list[RawMasterKey]]:
        """See the SDK: what wraps a new data key."""
        current = self._master_key(self._seal.versions[-1])
        return current, [current]

    def decrypt_data_key(
        self, encrypted_data_key: EncryptedDataKey, algorithm: Any, encryption_context: Any
    ) -> DataKey:
        """See the SDK. UnknownVersion, Corrupt or Unavailable."""
        provider = encrypted_data_key.key_provider
        if provider.provider_id == MASTER:
            plain = self._keys.master.open(encrypted_data_key.encrypted_data_key, encryption_context)
            return DataKey(provider, plain, encrypted_data_key.encrypted_data_key)
        if provider.provider_id != TENANT:
            raise IncorrectMasterKeyError("a provider that is not ours")
        version = self._seal.version(provider.key_info[:-_AFTER_ID].decode("ascii", "replace"))
        if version is None:
            raise UnknownVersion("the sealed bytes name a key that the tenant does not have")
        return self._master_key(version).decrypt_data_key(encrypted_data_key, algorithm, encryption_context)

    def _master_key(self, version: KeyVersion) -> RawMasterKey:
        known = self._opened.get(version.key_id)
        if known is None:
            wrapping = WrappingKey(
                wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
                wrapping_key=self._keys.open(self._tenant, version),
                wrapping_key_type=EncryptionKeyType.SYMMETRIC,
            )
            known = self._opened[version.key_id] = RawMasterKey(
                provider_id=TENANT, key_id=version.key_id.encode(), wrapping_key=wrapping
            )
        return known

    def _new_master_key(self, key_id: bytes) -> RawMasterKey:
        """See the SDK, which asks for this where keys are added by hand."""
        raise Corrupt("a keyring has the keys of its tenant and no others")
