"""Workers over a broker that is the test's own: nothing is left in it from before, and nobody else reads it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from libs.worker.tests.component import beats
from libs.worker.tests.component import desk as desks
from redis import Redis

from millrace.local.rabbitmq import rabbitmq_binary, start_rabbitmq
from millrace.local.servers import Server, start_redis
from millrace.local.settings import inherited_whole
from millrace.storage.aws import Clients
from millrace.testing.aws_faults import AwsFaults
from millrace.testing.nap_app import QUEUE
from millrace.testing.workers import Workers, delete_queues, fresh_queues

broker, desk, lay, worker = desks.broker, desks.desk, desks.lay, desks.worker
through_tcp = beats.through_tcp

BROKER = 7
"""A database of its own on the session's Redis."""
VISIBILITY_S = 5
"""The shortest that settings allow."""


@pytest.fixture
def faults(moto: Server) -> Iterator[AwsFaults]:
    """A proxy in front of moto that breaks nothing until it is told to."""
    with AwsFaults(moto.url) as proxy:
        yield proxy


@pytest.fixture
def workers_on_redis(redis_server: Server, redis: "Redis", tmp_path: Path) -> Iterator[Workers]:
    """Workers on Redis."""
    url = f"{redis_server.url}/{BROKER}"
    with Redis.from_url(url) as broker:
        broker.flushdb()
    made = Workers(
        ledger=redis, ledger_url=redis_server.url, broker_url=url, folder=tmp_path, visibility_s=VISIBILITY_S
    )
    yield made
    made.stop()


@pytest.fixture
def workers_on_sqs(
    moto: Server, faults: AwsFaults, redis_server: Server, redis: "Redis", clients: Clients, tmp_path: Path
) -> Iterator[Workers]:
    """Workers on SQS, which they reach through the proxy."""
    queues = fresh_queues(clients, VISIBILITY_S).replace(moto.url, faults.url)
    made = Workers(
        ledger=redis, ledger_url=redis_server.url, broker_url=f"sqs://test:test@{faults.url.removeprefix('http://')}",
        sqs_queue_url=queues, folder=tmp_path, visibility_s=VISIBILITY_S,
    )  # fmt: skip
    yield made
    made.stop()
    delete_queues(clients)


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A RabbitMQ, where there is one."""
    if rabbitmq_binary() is None:
        pytest.skip("no RabbitMQ on this machine")
    server, mapper = start_rabbitmq(tmp_path_factory.mktemp("rabbitmq"), inherited_whole())
    yield server
    server.stop()
    mapper.stop()


@pytest.fixture
def workers_on_rabbitmq(rabbitmq: Server, redis_server: Server, redis: "Redis", tmp_path: Path) -> Iterator[Workers]:
    """Workers on RabbitMQ."""
    made = Workers(ledger=redis, ledger_url=redis_server.url, broker_url=rabbitmq.url, folder=tmp_path)
    yield made
    made.end_workers()
    with made.app.connection_for_write() as connection:
        connection.default_channel.queue_purge(QUEUE)
    made.stop()


@pytest.fixture(params=["redis", "sqs"])
def workers(request: pytest.FixtureRequest) -> Workers:
    """Workers on each broker that delivers again by a visibility timeout."""
    made: Workers = request.getfixturevalue(f"workers_on_{request.param}")
    return made


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Server]:
    """A Redis that a test may kill."""
    made = start_redis(tmp_path, inherited_whole())
    yield made
    made.stop()
