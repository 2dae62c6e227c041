"""Build the stores from settings. Nothing connects until it is used."""

from dataclasses import dataclass

from redis import Redis

from millrace.storage.announcing import AnnouncingRuns, connect_announcer
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.aws import Clients
from millrace.storage.dynamodb import DynamoRuns
from millrace.storage.dynamodb_items import DynamoItems
from millrace.storage.flows import DynamoFlows
from millrace.storage.hot import RedisHot, connect
from millrace.storage.items import Items
from millrace.storage.kms import KmsEnvelope
from millrace.storage.master_key import KmsMasterKey
from millrace.storage.multipart import S3Multipart
from millrace.storage.ports import Envelope, FlowStore, RunStore
from millrace.storage.s3 import S3Objects
from millrace.storage.settings import StorageSettings
from millrace.storage.tenant_keys import TenantKeys
from millrace.storage.uploads import Uploads


@dataclass(frozen=True)
class Stores:
    """Everything that a service may keep things in."""

    runs: RunStore
    flows: FlowStore
    artifacts: ArtifactStore
    items: Items
    keys: TenantKeys
    redis: "Redis"
    clients: Clients

    @property
    def uploads(self) -> Uploads:
        """Large files that wait for their runs, in the same bucket."""
        store = S3Multipart(self.clients, self.clients.settings.bucket)
        return Uploads(items=self.items, envelope=self.artifacts.envelope, store=store)

    def warm_up(self, *services: str) -> None:
        """Make the AWS clients of these services now: the first one of each costs about 0.2 s of CPU."""
        for service in services:
            self.clients.client(service)

    def close(self) -> None:
        """Close every connection."""
        self.redis.close()
        self.clients.close()


def connect_stores(settings: StorageSettings, credentials: tuple[str, str] | None = None) -> Stores:
    """The stores that the settings name; credentials only where no role or profile gives them."""
    clients = Clients(settings, credentials)
    redis, announcer = connect(settings.redis_url), connect_announcer(settings.redis_url)
    keys = tenant_keys(clients)
    envelope = KmsEnvelope(keys)
    artifacts = ArtifactStore(
        cold=S3Objects(clients, settings.bucket), hot=RedisHot(redis, settings.hot_ttl_s), envelope=envelope
    )
    return Stores(
        runs=AnnouncingRuns(connect_runs(clients, envelope), announcer),
        flows=DynamoFlows(clients, settings.table), artifacts=artifacts, items=keys.items, keys=keys, redis=redis,
        clients=clients,
    )  # fmt: skip


def connect_runs(clients: Clients, envelope: Envelope | None = None) -> DynamoRuns:
    """The run store alone, sealed as the services have it."""
    settings = clients.settings
    sealed_by = envelope or KmsEnvelope(tenant_keys(clients))
    return DynamoRuns(clients, settings.table, sealed_by, settings.retention_days)


def tenant_keys(clients: Clients) -> TenantKeys:
    """The keys of tenants, in the account table and under the master keys that the settings name."""
    settings = clients.settings
    items = DynamoItems(clients, settings.account_table)
    return TenantKeys(items=items, master=KmsMasterKey(clients, settings.master_keys))
