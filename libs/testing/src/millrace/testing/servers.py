"""Real servers for tests, as pytest fixtures: each on a port of the system's choosing, stopped by its handle."""

import secrets
from collections.abc import Iterator

import pytest
from redis import Redis

from millrace.local.servers import Server, start_moto, start_redis
from millrace.local.settings import inherited_whole
from millrace.storage.aws import Clients
from millrace.storage.connect import Stores, connect_stores
from millrace.storage.provision import create_account_table, create_bucket, create_key, create_table
from millrace.storage.settings import StorageSettings

CREDENTIALS = ("test", "test")


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A moto server for the whole test session."""
    server = start_moto(tmp_path_factory.mktemp("moto"), inherited_whole())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis server for the whole test session."""
    server = start_redis(tmp_path_factory.mktemp("redis"), inherited_whole())
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server: Server) -> Iterator["Redis"]:
    """A client of an emptied database of the Redis server. Brokers are in another: they keep their bindings there."""
    client = Redis.from_url(redis_server.url, socket_timeout=120)
    client.flushdb()
    yield client
    client.close()


@pytest.fixture
def clients(moto: Server) -> Iterator[Clients]:
    """AWS clients of the moto server."""
    made = Clients(StorageSettings(aws_endpoint_url=moto.url), credentials=CREDENTIALS)
    yield made
    made.close()


@pytest.fixture
def stores(moto: Server, redis_server: Server, clients: Clients) -> Iterator[Stores]:
    """Real stores with a table, bucket and key of their own."""
    unique = secrets.token_hex(6)
    settings = StorageSettings(
        aws_endpoint_url=moto.url, table=f"runs-{unique}", account_table=f"accounts-{unique}",
        bucket=f"artifacts-{unique}",
        kms_key_arn=create_key(clients), redis_url=redis_server.url,
    )  # fmt: skip
    create_table(clients, settings.table)
    create_account_table(clients, settings.account_table)
    create_bucket(clients, settings.bucket)
    made = connect_stores(settings, CREDENTIALS)
    yield made
    made.close()
