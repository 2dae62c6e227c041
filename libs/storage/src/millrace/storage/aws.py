"""AWS clients with bounded waits, made in the process that uses them, with faults translated."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from millrace.storage.errors import StorageError, Unavailable
from millrace.storage.settings import StorageSettings

_CONFIG = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=50
)
"""At most about 2 s a call in the usual fault, so that one slow call does not eat a run's budget."""

_TRANSIENT = frozenset(
    {
        "InternalError", "InternalFailure", "InternalServerError", "KMSInternalException", "LimitExceededException",
        "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestTimeout", "ServiceUnavailable",
        "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException", "TransactionConflictException",
        "TransactionInProgressException",
        # Reasons of cancelled transactions.
        "ProvisionedThroughputExceeded", "ThrottlingError",
    }
)  # fmt: skip

_LOST = frozenset({"ConditionalCheckFailed", "ConditionalCheckFailedException", "TransactionConflict"})


@dataclass
class Clients:
    """boto3 clients by service name. A forked child makes its own: sockets and refresh locks must not be shared."""

    settings: StorageSettings
    credentials: tuple[str, str] | None = field(default=None, repr=False)
    """Access key and secret; None for boto3's own chain (a role in production)."""
    _made: dict[tuple[int, str], Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """The client of this process for `s3`, `dynamodb`, `kms` or `sqs`."""
        return self._client(service, self.settings.aws_endpoint_url, _CONFIG, service)

    def signer(self, inside: bool = False) -> Any:
        """A client for `s3` that signs addresses for others to use: as producers see the store, or those `inside`."""
        endpoint = ("" if inside else self.settings.upload_endpoint_url) or self.settings.aws_endpoint_url
        # Without an endpoint, botocore signs the global one, which sends younger buckets' requests elsewhere:
        # https://github.com/boto/boto3/issues/2989
        style: Literal["auto", "virtual"] = "auto" if endpoint else "virtual"
        signing = Config(signature_version="s3v4", s3={"addressing_style": style})
        return self._client("s3", endpoint, _CONFIG.merge(signing), f"signer {inside}")

    def _client(self, service: str, endpoint: str, config: Config, name: str) -> Any:
        key = os.getpid(), name
        if key not in self._made:
            access, secret = self.credentials or (None, None)
            session = boto3.session.Session(aws_access_key_id=access, aws_secret_access_key=secret)
            self._made[key] = session.client(
                service,  # type: ignore[call-overload]
                endpoint_url=endpoint or None,
                region_name=self.settings.aws_region,
                config=config,
            )
        return self._made[key]

    def close(self) -> None:
        """Close this process's clients; the next use makes new ones."""
        for key in [key for key in self._made if key[0] == os.getpid()]:
            self._made.pop(key).close()


def error_code(error: ClientError) -> str:
    """AWS's name of the error; of a cancelled transaction, that of the first of its reasons."""
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    response: dict[str, Any] = {**error.response}
    reasons = (str(each.get("Code", "")) for each in response.get("CancellationReasons", ()))
    code = str(response.get("Error", {}).get("Code", ""))
    return next((reason for reason in reasons if reason not in ("", "None")), code)


def lost_race(error: ClientError) -> bool:
    """Whether a conditional write was refused because somebody else wrote first, alone or in a transaction."""
    return error_code(error) in _LOST


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what botocore raises into this package's errors. The text names the operation, never its data."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if error_code(error) in _TRANSIENT or status >= 500:
            raise Unavailable(f"{what}: {error_code(error)}") from error
        raise StorageError(f"{what}: {error_code(error)}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{what}: {type(error).__name__}") from error
