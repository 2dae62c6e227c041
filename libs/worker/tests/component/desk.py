"""A desk for tests of what workers refuse: each broker, a worker of `letters_app` on it, and its dead letters."""

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu import Connection, Exchange, Queue
from redis import Redis

from millrace.contracts import routing
from millrace.local.process import Process, module
from millrace.local.rabbitmq import rabbitmq_binary, start_rabbitmq
from millrace.local.servers import Server
from millrace.local.settings import inherited_whole
from millrace.storage.aws import Clients
from millrace.storage.settings import StorageSettings
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.testing.workers import fresh_queues
from millrace.worker.dead_letters import DeadLetter
from millrace.worker.dead_queue import Held, dead_letter_queue
from millrace.worker.settings import WorkerSettings

HERE = Path(__file__).parent
PATIENCE_S = 60
"""Bounds a hang; nothing is expected to take as long."""
QUEUE = "callback"
SECRET = {"MILLRACE_MESSAGE_SECRET": MESSAGE_SECRET}
Frames = Callable[[str, bytes], object]


@dataclass(frozen=True, kw_only=True)
class Broker:
    environment: dict[str, str]
    worker_class: str = "task"
    clear: Callable[[], object]
    """Empty the dead-letter queue."""
    lay: Frames | None = None
    """Put bytes into a queue as they are, past kombu; None where the broker's protocol rules that out."""

    @property
    def pool(self) -> list[str]:
        return ["-P", "prefork", "-c", "1"] if self.worker_class == "task" else ["-P", "gevent", "-c", "10"]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A broker with a worker of the queue `callback`."""

    app: Celery
    settings: WorkerSettings
    redis: "Redis"
    worker: Process

    def publish(self, body: bytes, headers: dict[str, Any], queue: str = QUEUE, **options: Any) -> None:
        options = {"content_type": "application/json", "content_encoding": "utf-8"} | options
        declare = [Queue(queue, Exchange(queue, type="direct"), queue)]
        with self.app.producer_or_acquire() as producer:
            producer.publish(body, exchange="", routing_key=queue, headers={**headers}, declare=declare, **options)

    def forge(self, body: bytes, headers: dict[str, Any], content_type: str = "application/json") -> None:
        """Publish without a signature but the one that the headers may hold."""
        with self.app.connection_for_write() as connection, connection.Producer() as producer:
            producer.publish(
                body, exchange="", routing_key=QUEUE, headers={**headers}, content_type=content_type,
                content_encoding="utf-8", declare=[Queue(QUEUE, Exchange(QUEUE, type="direct"), QUEUE)],
            )  # fmt: skip

    def letters(self) -> list[DeadLetter]:
        """All that is there once the worker has done a good task that was published last."""
        self.app.signature("callback.done", args=["pulse"], queue=QUEUE).apply_async()
        self.wait("pulse")
        with dead_letter_queue(self.settings) as queue:
            return list(queue.read(100))

    def wait(self, key: str) -> None:
        assert self.redis.blpop([f"done:{key}"], timeout=PATIENCE_S) is not None, f"{key} never ran"

    def send_back(self, **changes: Any) -> None:
        with dead_letter_queue(self.settings) as queue:
            for held in queue.hold(100):
                queue.send_back(Held(letter=held.letter.model_copy(update=changes), receipt=held.receipt))


def on_redis(request: pytest.FixtureRequest, database: int = 5, worker_class: str = "task") -> Iterator[Broker]:
    url = f"{request.getfixturevalue('redis_server').url}/{database}"
    client = Redis.from_url(url)
    yield Broker(
        environment={"MILLRACE_BROKER_URL": url},
        worker_class=worker_class,
        clear=lambda: client.delete(routing.DEAD_LETTERS),
        lay=client.lpush,
    )
    client.close()


def on_redis_with_gevent(request: pytest.FixtureRequest) -> Iterator[Broker]:
    yield from on_redis(request, 6, "distribution")


def on_sqs(request: pytest.FixtureRequest, worker_class: str = "task") -> Iterator[Broker]:
    moto: Server = request.getfixturevalue("moto")
    clients = Clients(StorageSettings(aws_endpoint_url=moto.url), credentials=("test", "test"))
    base = fresh_queues(clients, visibility_s=5)
    environment = {
        "MILLRACE_BROKER_URL": f"sqs://test:test@{moto.url.removeprefix('http://')}",
        "MILLRACE_SQS_QUEUE_URL": base,
        "MILLRACE_VISIBILITY_S": "5",
    }
    sqs = clients.client("sqs")

    def lay(queue: str, frame: bytes) -> object:
        return sqs.send_message(QueueUrl=f"{base}{queue}", MessageBody=frame.decode())

    def clear() -> None:
        # PurgeQueue may be called but once a minute.
        url = f"{base}{routing.DEAD_LETTERS}"
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for each in found:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])

    yield Broker(environment=environment, worker_class=worker_class, clear=clear, lay=lay)
    clients.close()


def on_sqs_with_gevent(request: pytest.FixtureRequest) -> Iterator[Broker]:
    yield from on_sqs(request, "distribution")


def on_rabbitmq(request: pytest.FixtureRequest) -> Iterator[Broker]:
    if rabbitmq_binary() is None:
        pytest.skip("no rabbitmq-server on this machine")
    folder = request.getfixturevalue("tmp_path_factory").mktemp("rabbitmq")
    broker, mapper = start_rabbitmq(folder, inherited_whole())
    with Connection(broker.url) as connection:
        yield Broker(
            environment={"MILLRACE_BROKER_URL": broker.url},
            clear=lambda: connection.default_channel.queue_purge(routing.DEAD_LETTERS),
        )
    broker.stop()
    mapper.stop()


BROKERS = {
    "redis": on_redis,
    "redis-gevent": on_redis_with_gevent,
    "sqs": on_sqs,
    "sqs-gevent": on_sqs_with_gevent,
    "rabbitmq": on_rabbitmq,
}


@pytest.fixture(scope="module", params=BROKERS)
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    yield from BROKERS[request.param](request)


@pytest.fixture
def lay(broker: Broker) -> Frames:
    if broker.lay is None:
        pytest.skip("AMQP has frames of its own")
    return broker.lay


@pytest.fixture(scope="module")
def worker(broker: Broker, redis_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    command = module("celery", "-A", "letters_app", "worker", "-Q", QUEUE, "-l", "INFO", *broker.pool)
    app = {"LETTERS_APP_REDIS": redis_server.url, "LETTERS_APP_CLASS": broker.worker_class, "PYTHONPATH": str(HERE)}
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    environment = {**inherited_whole(), **broker.environment, **SECRET, **app}
    process = Process(name="worker", command=command, environment=environment, log=log)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def desk(
    broker: Broker, worker: Process, redis_server: Server, redis: "Redis", monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    for name, value in (broker.environment | SECRET).items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("letters_app", HERE / "letters_app.py")
    assert spec is not None and spec.loader is not None
    letters_app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(letters_app)
    app: Celery = letters_app.make(redis_server.url)
    yield Desk(app=app, settings=WorkerSettings(), redis=redis, worker=worker)
    broker.clear()
    app.close()
