"""Create on a moto server what Terraform creates on AWS: for compose.yaml and the local overlay."""

import sys
from urllib.request import Request, urlopen

from pydantic import Field

from millrace.contracts import routing
from millrace.contracts.settings import Settings
from millrace.storage.accounts import Accounts
from millrace.storage.aws import Clients
from millrace.storage.connect import connect_stores
from millrace.storage.dynamodb_items import DynamoItems
from millrace.storage.endpoints import Endpoints
from millrace.storage.provision import (
    create_account,
    create_account_table,
    create_bucket,
    create_key,
    create_queues,
    create_table,
)
from millrace.storage.settings import KeySettings, StorageSettings

TENANT = "demo"
CONSUMER = "http://receiver:8081/callback"
VISIBILITY_S = 6
SEED = 1
"""moto makes the same ids after the same seed, so every container can be told the key's ARN beforehand."""


class DemoSettings(Settings):
    """The tenant's key, and its consumer, `MILLRACE_*`."""

    api_key: str = Field(repr=False)
    callback_secret: str = Field(repr=False)
    """What the receiver verifies with."""


def provision(clients: Clients) -> None:
    """Everything, and a tenant with its key and its consumer, unless the master key says that it is there already.

    SystemExit when that key's ARN is not the one told.
    """
    settings = clients.settings
    keys = clients.client("kms").list_keys()["Keys"]
    if settings.kms_key_arn in {key["KeyArn"] for key in keys}:
        return
    create_table(clients, settings.table)
    create_account_table(clients, settings.account_table)
    create_bucket(clients, settings.bucket)
    create_queues(clients, (*routing.QUEUES, routing.UNROUTED), VISIBILITY_S)
    seed = Request(f"{settings.aws_endpoint_url}/moto-api/seed?a={SEED}", method="POST")  # noqa: S310 - our own moto
    urlopen(seed).close()  # noqa: S310 - our own moto
    arn = create_key(clients)
    if arn != settings.kms_key_arn:
        sys.exit(f"MILLRACE_KMS_KEY_ARN must be {arn}")
    demo = DemoSettings()  # type: ignore[call-arg]
    accounts = Accounts(items=DynamoItems(clients, settings.account_table))
    create_account(accounts, TENANT, demo.api_key, KeySettings().peppers)  # type: ignore[call-arg]
    stores = connect_stores(settings)
    Endpoints(items=stores.items, envelope=stores.artifacts.envelope).register(
        TENANT, CONSUMER, secret=demo.callback_secret
    )


if __name__ == "__main__":
    provision(Clients(StorageSettings()))
