"""What the stores read from the environment."""

from pydantic import ConfigDict, Field, field_validator

from millrace.contracts.settings import Settings


class StorageSettings(Settings):
    """Addresses and names of the stores, `MILLRACE_*`."""

    aws_endpoint_url: str = ""
    """Empty for AWS itself; an address for any S3, DynamoDB and KMS that speaks the same."""
    aws_region: str = "eu-central-1"
    table: str = "millrace-runs"
    account_table: str = "millrace-accounts"
    """Tenants, API keys, endpoints, deliveries and uploads."""
    bucket: str = "millrace-artifacts"
    kms_key_arn: str = ""
    """ARN of the master key; an alias will not do, because sealed messages name the ARN."""
    redis_url: str = Field(default="redis://127.0.0.1:6379/0", repr=False)
    """Hot tier and joins. May lose everything at any time."""
    hot_ttl_s: int = Field(default=900, gt=0)
    retention_days: int = Field(default=30, gt=0)
    """Days until an ended run's record is dropped."""


class LinkSettings(Settings):
    """How links to reports are signed, `MILLRACE_*`."""

    # What pydantic raises quotes its input otherwise.
    model_config = ConfigDict(hide_input_in_errors=True)

    link_secret: str = Field(repr=False)
    """Secrets of 32 characters or more, separated by commas: the first signs, all are accepted."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """`link_secret` as a tuple."""
        return tuple(each.strip() for each in self.link_secret.split(",") if each.strip())

    @field_validator("link_secret")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if any(len(each.strip()) < 32 for each in value.split(",")):
            # Without the value, which is a secret.
            raise ValueError("a link secret has fewer than 32 characters")
        return value
