"""What the stores read from the environment."""

from pydantic import Field

from millrace.contracts.settings import Secrets, Settings, split


class StorageSettings(Settings):
    """Addresses and names of the stores, `MILLRACE_*`."""

    aws_endpoint_url: str = ""
    """Empty for AWS itself; an address for any S3, DynamoDB and KMS that speaks the same."""
    upload_endpoint_url: str = ""
    """Where producers reach the bucket, if that is another address than the services' own; signed into uploads."""
    aws_region: str = "eu-central-1"
    table: str = "millrace-runs"
    account_table: str = "millrace-accounts"
    """Tenants, API keys, endpoints, deliveries and uploads."""
    bucket: str = "millrace-artifacts"
    kms_key_arn: str = ""
    """ARN of the master key; an alias will not do, because sealed messages name the ARN. Several, separated by commas,
    while one takes another's place: the first seals, all open."""
    redis_url: str = Field(default="redis://127.0.0.1:6379/0", repr=False)
    """Hot tier and joins. May lose everything at any time."""
    hot_ttl_s: int = Field(default=900, gt=0)
    retention_days: int = Field(default=30, gt=0)
    """Days until an ended run's record is dropped."""

    @property
    def master_keys(self) -> tuple[str, ...]:
        """`kms_key_arn` as a tuple; one that names no key when it is empty, which is told when a key is needed."""
        return split(self.kms_key_arn) or ("",)


class LinkSettings(Settings):
    """How links to reports are signed, `MILLRACE_*`."""

    link_secret: Secrets = Field(repr=False)
    """Secrets, separated by commas: the first signs, all are accepted."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """`link_secret` as a tuple."""
        return split(self.link_secret)


class KeySettings(Settings):
    """How API keys are stored, `MILLRACE_*`."""

    key_pepper: Secrets = Field(repr=False)
    """Secrets, separated by commas, under which those of API keys are digested: the first makes digests, all are
    tried."""

    @property
    def peppers(self) -> tuple[str, ...]:
        """`key_pepper` as a tuple."""
        return split(self.key_pepper)
