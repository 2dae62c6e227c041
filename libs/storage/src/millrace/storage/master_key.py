"""The master key in KMS, and its twin in memory."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from botocore.exceptions import ClientError

from millrace.storage.aws import Clients, error_code, translated
from millrace.storage.errors import Corrupt
from millrace.storage.memory import MemoryEnvelope
from millrace.storage.tenant_keys import KEY_BYTES

_NOT_OURS = frozenset({"IncorrectKeyException", "InvalidCiphertextException"})
_ANOTHER = frozenset({"AccessDeniedException", "IncorrectKeyException"})
"""Another key may have sealed it: this one may not be used, or did not. moto answers the former in both cases."""


@dataclass(frozen=True)
class KmsMasterKey:
    """See `MasterKey`. While one master key takes another's place, there are both."""

    clients: Clients
    key_arns: tuple[str, ...]
    """The first seals, each opens what it sealed."""

    def make(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        """See `MasterKey`."""
        with _answers("kms generate"):
            made = self.clients.client("kms").generate_data_key(
                KeyId=self.key_arns[0], NumberOfBytes=KEY_BYTES, EncryptionContext=dict(context)
            )
        return made["Plaintext"], made["CiphertextBlob"]

    def open(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """See `MasterKey`. Named, a master key must be the one that sealed: KMS would take any that we may use."""
        with _answers("kms decrypt"):
            return self._open(sealed, dict(context))

    def _open(self, sealed: bytes, context: dict[str, str]) -> bytes:
        refusals = []
        for key_arn in self.key_arns:
            try:
                opened = self.clients.client("kms").decrypt(
                    CiphertextBlob=sealed, EncryptionContext=context, KeyId=key_arn
                )
                return cast(bytes, opened["Plaintext"])
            except ClientError as error:
                if error_code(error) not in _ANOTHER:
                    raise
                refusals.append(error)
        # Only if every key could be asked is it certain that none of them sealed it.
        raise next((each for each in refusals if error_code(each) not in _NOT_OURS), refusals[0])

    def reseal(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """See `MasterKey`. The plain key does not leave KMS."""
        with _answers("kms re-encrypt"):
            resealed = self.clients.client("kms").re_encrypt(
                CiphertextBlob=sealed, SourceEncryptionContext=dict(context), DestinationKeyId=self.key_arns[0],
                DestinationEncryptionContext=dict(context),
            )  # fmt: skip
        return cast(bytes, resealed["CiphertextBlob"])


@contextmanager
def _answers(what: str) -> Iterator[None]:
    with translated(what):
        try:
            yield
        except ClientError as error:
            if error_code(error) in _NOT_OURS:
                raise Corrupt(f"{what}: {error_code(error)}") from error
            raise


@dataclass
class MemoryMasterKey:
    """Seals under a key that lives as long as this object."""

    envelope: MemoryEnvelope = field(default_factory=MemoryEnvelope)

    def make(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        """See `MasterKey`."""
        plain = os.urandom(KEY_BYTES)
        return plain, self.envelope.encrypt(plain, context)

    def open(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """See `MasterKey`."""
        return self.envelope.decrypt(sealed, context)

    def reseal(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """See `MasterKey`."""
        return self.envelope.encrypt(self.open(sealed, context), context)
