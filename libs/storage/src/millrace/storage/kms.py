"""Envelope encryption under KMS by the AWS Encryption SDK, with data keys cached per tenant.

Algorithm: AES-256-GCM with HKDF and key commitment, unsigned. The signed default costs 11 ms per MB more and guards
against readers who may decrypt but not encrypt; here every service may do both.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import aws_encryption_sdk  # type: ignore[import-untyped]
from aws_encryption_sdk.caches.local import LocalCryptoMaterialsCache  # type: ignore[import-untyped]
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError  # type: ignore[import-untyped]
from aws_encryption_sdk.identifiers import AlgorithmSuite, CommitmentPolicy  # type: ignore[import-untyped]
from aws_encryption_sdk.key_providers.kms import KMSMasterKey  # type: ignore[import-untyped]
from aws_encryption_sdk.materials_managers.caching import CachingCryptoMaterialsManager  # type: ignore[import-untyped]
from cryptography.exceptions import InvalidTag

from millrace.storage.aws import Clients, translated
from millrace.storage.errors import Corrupt

MAX_AGE_S = 300.0
MAX_MESSAGES = 1_000
MAX_BYTES = 1 << 30
"""Bounds of one cached data key: five minutes, a thousand messages, a gibibyte."""
_CACHED_KEYS = 256


@dataclass
class KmsEnvelope:
    """Seals under a data key of the context's tenant. Each tenant has its own cache partition."""

    clients: Clients
    key_arn: str
    """ARN of the master key: the SDK compares it with what a sealed message names, so an alias will not do."""
    _client: aws_encryption_sdk.EncryptionSDKClient = field(init=False)
    _managers: dict[str, CachingCryptoMaterialsManager] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        policy = CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
        self._client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=policy)

    def encrypt(self, data: bytes, context: Mapping[str, str]) -> bytes:
        """See `Envelope`."""
        with translated("kms encrypt"):
            sealed, _ = self._client.encrypt(
                source=data,
                materials_manager=self._manager(context["tenant"]),
                encryption_context=dict(context),
                algorithm=AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
            )
        return bytes(sealed)

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """See `Envelope`."""
        try:
            with translated("kms decrypt"):
                data, header = self._client.decrypt(source=sealed, materials_manager=self._manager(context["tenant"]))
        # A wrong tag passes through the SDK as cryptography raises it.
        except (AWSEncryptionSDKClientError, InvalidTag) as error:
            raise Corrupt(f"the sealed bytes were altered ({type(error).__name__})") from error
        if any(header.encryption_context.get(key) != value for key, value in context.items()):
            raise Corrupt("the sealed bytes belong to another context")
        return bytes(data)

    def _manager(self, tenant: str) -> CachingCryptoMaterialsManager:
        with self._lock:
            if tenant not in self._managers:
                self._managers[tenant] = CachingCryptoMaterialsManager(
                    master_key_provider=KMSMasterKey(key_id=self.key_arn, client=self.clients.client("kms")),
                    cache=LocalCryptoMaterialsCache(capacity=_CACHED_KEYS),
                    max_age=MAX_AGE_S,
                    max_messages_encrypted=MAX_MESSAGES,
                    max_bytes_encrypted=MAX_BYTES,
                    partition_name=tenant.encode(),
                )
            return self._managers[tenant]
