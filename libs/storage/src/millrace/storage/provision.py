"""Create the table, bucket, key and queues where no Terraform does: the local stack and the tests."""

import json
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from millrace.contracts import routing
from millrace.contracts.access import Scope
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker, read_key
from millrace.storage.aws import Clients, error_code

_INDEXES: list[dict[str, Any]] = [
    {
        "IndexName": "by_tenant",
        "KeySchema": [
            {"AttributeName": "tenant", "KeyType": "HASH"},
            {"AttributeName": "run_id", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    },
    {
        "IndexName": "by_due",
        "KeySchema": [
            {"AttributeName": "due_shard", "KeyType": "HASH"},
            {"AttributeName": "due_at", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["tenant", "run_id"]},
    },
]

_ATTRIBUTES = {"pk": "S", "tenant": "S", "run_id": "S", "due_shard": "S", "due_at": "N"}


def create_table(clients: Clients, table: str) -> None:
    """The run table with its two indexes and its time to live."""
    dynamodb = clients.client("dynamodb")
    _create_table(
        dynamodb,
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in _ATTRIBUTES.items()],
        GlobalSecondaryIndexes=_INDEXES,
    )
    dynamodb.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    )


def _create_table(dynamodb: Any, **table: Any) -> None:
    """A request whose answer comes late is sent again by the client, and then meets its own table."""
    try:
        dynamodb.create_table(**table)
    except ClientError as error:
        if error_code(error) != "ResourceInUseException":
            raise


def create_account_table(clients: Clients, table: str) -> None:
    """The table of items (`items.Items`) with its time to live."""
    dynamodb = clients.client("dynamodb")
    _create_table(
        dynamodb,
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
    )
    dynamodb.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    )


def create_account(accounts: Accounts, tenant: str, key: str, peppers: tuple[str, ...]) -> None:
    """A tenant with this key, which may do everything. ValueError when it does not look like a key."""
    given = read_key(key)
    if given is None:
        raise ValueError("an API key is mlr_, 12 characters of base 32, _ and 43 of base 64")
    record = accounts.create_tenant(tenant)
    made = KeyMaker(peppers).record(given, tenant, "provisioned", tuple(Scope), record.created_at)
    accounts.add_key(made)


def create_bucket(clients: Clients, bucket: str) -> None:
    """The artifact bucket."""
    region = clients.settings.aws_region
    clients.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})


def create_key(clients: Clients) -> str:
    """A master key; returns its ARN."""
    return str(clients.client("kms").create_key(Description="millrace")["KeyMetadata"]["Arn"])


MAX_RECEIVES = 5
"""Deliveries before SQS moves a message to the dead letters: a part that kills its workers is quarantined before."""


def create_queues(clients: Clients, names: Iterable[str], visibility_s: int) -> str:
    """SQS queues of these names, with the dead letters behind them all; returns their URL without the name."""
    sqs = clients.client("sqs")
    retention = {"VisibilityTimeout": str(visibility_s), "MessageRetentionPeriod": str(14 * 86_400)}
    dead = sqs.create_queue(QueueName=routing.DEAD_LETTERS, Attributes=retention)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})
    for name in names:
        sqs.create_queue(
            QueueName=name, Attributes={"VisibilityTimeout": str(visibility_s), "RedrivePolicy": redrive}
        )  # fmt: skip
    return str(dead).removesuffix(routing.DEAD_LETTERS)
