"""Dead letters over real brokers and a real worker: what cannot be used lands there once, and the worker goes on."""

import base64
import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu import Connection, Exchange, Queue
from redis import Redis

from millrace.contracts import catalogue, routing
from millrace.contracts.messages import Deliver
from millrace.local.process import Process, module, wait_until
from millrace.local.rabbitmq import rabbitmq_binary, start_rabbitmq
from millrace.local.servers import Server
from millrace.local.settings import inherited_whole
from millrace.storage.aws import Clients
from millrace.storage.provision import MAX_RECEIVES
from millrace.storage.settings import StorageSettings
from millrace.testing.factories import run_record
from millrace.testing.workers import fresh_queues
from millrace.worker.dead_letters import DeadLetter, Why
from millrace.worker.dead_queue import Held, NoWayBack, dead_letter_queue
from millrace.worker.publish import signature
from millrace.worker.settings import WorkerSettings

HERE = Path(__file__).parent
PATIENCE_S = 60
"""Bounds a hang; nothing is expected to take as long."""
QUEUE = "callback"
HEADERS = {"task": "callback.done", "id": "x"}
DELIVER = {"task": "callback.deliver", "id": "x"}
PICKLE = {"content_type": "application/x-python-serialize", "content_encoding": "binary"}
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
            producer.publish(body, exchange="", routing_key=queue, headers=headers, declare=declare, **options)

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
    process = Process(
        name="worker", command=command, environment={**inherited_whole(), **broker.environment, **app}, log=log
    )
    process.start()
    yield process
    process.stop()


@pytest.fixture
def desk(
    broker: Broker, worker: Process, redis_server: Server, redis: "Redis", monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    for name, value in broker.environment.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("letters_app", HERE / "letters_app.py")
    assert spec is not None and spec.loader is not None
    letters_app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(letters_app)
    app: Celery = letters_app.make(redis_server.url)
    yield Desk(app=app, settings=WorkerSettings(), redis=redis, worker=worker)
    broker.clear()
    app.close()


def body(kwargs: dict[str, Any]) -> bytes:
    return json.dumps([[], kwargs, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()


def deliver(**changes: Any) -> dict[str, Any]:
    message = Deliver(tenant="acme", run_id=run_record().run_id, event_id="evt_1").model_dump(mode="json")
    return {"message": {**message, **changes}}


KINDS: list[tuple[Why, bytes, dict[str, Any], dict[str, Any]]] = [
    (Why.UNKNOWN_TASK, body({}), {**HEADERS, "task": "callback.undone"}, {}),
    (Why.UNREADABLE, b"{nope", HEADERS, {}),
    (Why.UNREADABLE, b"\xff\xfe\x00", HEADERS, {}),
    (Why.WRONG_CONTENT_TYPE, b"\x80\x04N.", HEADERS, PICKLE),
    (Why.FOREIGN, b"42", HEADERS, {}),
    (Why.FOREIGN, b'{"task": "callback.done", "id": "x", "args": ["no"]}', {}, {}),
    (Why.FOREIGN, b'{"hello": "world"}', {}, {}),
    (Why.FOREIGN, body({}), {"task": ["callback.done"], "id": "x"}, {}),
    (Why.FOREIGN, body({"key": "no"}), {**HEADERS, "timelimit": "soon"}, {}),
    (Why.BAD_ARGUMENTS, body({"run": "no"}), DELIVER, {}),
    (Why.BAD_ARGUMENTS, body(deliver(tenant="No Such")), DELIVER, {}),
    (Why.FUTURE_VERSION, body(deliver(version=2)), DELIVER, {}),
]

FRAMES = [
    b"hello world", b"abcd", b'"a string"', b"[1, 2]", b"{}", b'{"properties": 5}', b'{"properties": {}, "body": 1}',
    base64.b64encode(b"\xff\xfe\x00"), json.dumps({"__type__": "none", "__value__": 1}).encode(), b"[" * 100_000,
    b'{"body": "x", "headers": {}, "properties": {"delivery_tag": "t", "delivery_info": {}, "body_encoding": "rot13"}}',
]  # fmt: skip


def test_what_cannot_be_used_lands_among_the_dead_letters_once_and_whole(desk: Desk) -> None:
    # given
    sent = [(why, content, headers) for why, content, headers, _ in KINDS]
    # when
    for _, content, headers, options in KINDS:
        desk.publish(content, headers, **options)
    found = desk.letters()
    # then
    assert [(each.reason, each.content, each.parts["headers"]) for each in found] == sent
    assert {(each.queue, each.framed, each.worker.partition("@")[0]) for each in found} == {(QUEUE, False, "celery")}
    assert len({each.id for each in found}) == len(KINDS)


def test_bytes_that_no_library_wrote_end_no_worker(desk: Desk, lay: Frames) -> None:
    # given
    assert desk.worker.handle is not None
    # when
    for frame in FRAMES:
        lay(QUEUE, frame)
    found = desk.letters()
    # then
    assert [each.content for each in found] == FRAMES
    assert {(each.reason, each.queue, each.framed) for each in found} == {(Why.UNREADABLE, QUEUE, True)}
    assert desk.worker.handle.poll() is None


def test_a_task_may_put_its_own_message_aside(desk: Desk) -> None:
    # given
    message = Deliver.model_validate(deliver(event_id="evt_of_a_later_release")["message"])
    # when
    signature(desk.app, catalogue.DELIVER, message, "later").apply_async()
    (letter,) = desk.letters()
    desk.send_back()
    (again,) = desk.letters()
    # then
    assert (letter.reason, letter.queue, letter.task) == (Why.UNREADABLE_RECORD, QUEUE, catalogue.DELIVER.name)
    assert json.loads(letter.content)[:2] == [[], {"message": message.model_dump(mode="json")}]
    assert (again.content, again.parts["headers"]) == (letter.content, letter.parts["headers"])


def test_a_message_of_the_contract_is_no_dead_letter(desk: Desk) -> None:
    # given
    message = Deliver.model_validate(deliver(event_id="good")["message"])
    # when
    signature(desk.app, catalogue.DELIVER, message, "good").apply_async()
    # then
    desk.wait("good")
    assert desk.letters() == []


def test_a_letter_that_is_sent_back_is_the_message_that_it_was(desk: Desk) -> None:
    # given
    headers = {**HEADERS, "task": "callback.undone", "deep": {"list": [1, None, "ü"]}}
    desk.publish(body({"key": "no"}), headers, correlation_id="c1", priority=3)
    (first,) = desk.letters()
    # when: it comes again, to a worker that still lacks the task
    desk.send_back()
    (second,) = desk.letters()
    # then
    assert (second.content, second.parts) == (first.content, first.parts)
    assert (second.parts["headers"], second.parts["properties"]["correlation_id"]) == (headers, "c1")
    assert second.id != first.id


def test_a_frame_that_is_sent_back_is_what_the_broker_held(desk: Desk, lay: Frames) -> None:
    # given
    lay(QUEUE, b" not  JSON ")
    (first,) = desk.letters()
    # when
    desk.send_back()
    (second,) = desk.letters()
    # then
    assert (second.content, second.framed, second.id != first.id) == (b" not  JSON ", True, True)


def test_a_message_that_was_put_aside_runs_when_it_is_sent_back_mended(desk: Desk) -> None:
    # given
    desk.publish(body({"key": "returned"}), {**HEADERS, "id": "y"}, content_type="application/x-other")
    (letter,) = desk.letters()
    # when
    desk.send_back(original=letter.original.replace("application/x-other", "application/json"))
    # then
    desk.wait("returned")
    assert desk.letters() == []


def test_looking_changes_nothing(desk: Desk) -> None:
    # given
    for number in range(15):
        desk.publish(b"%d" % number, HEADERS)
    found = desk.letters()
    # when
    with dead_letter_queue(desk.settings) as queue:
        some = queue.read(5)
    with dead_letter_queue(desk.settings) as queue:
        again = queue.read(100)
    # then
    assert [letter.content for letter in again] == [b"%d" % number for number in range(15)]
    assert again == found
    assert len(some) == 5 and {letter.id for letter in some} <= {letter.id for letter in found}


def test_a_letter_of_no_queue_of_ours_stays(desk: Desk) -> None:
    # given
    desk.publish(b"42", HEADERS)
    (letter,) = desk.letters()
    # when / then
    with pytest.raises(NoWayBack, match="elsewhere"):
        desk.send_back(queue="elsewhere")
    assert desk.letters() == [letter]


def test_what_cannot_be_put_aside_is_kept_until_it_can(desk: Desk) -> None:
    # given: a dead-letter queue that takes nothing
    if not desk.settings.broker_url.startswith("redis"):
        pytest.skip("only Redis can be made to refuse one queue and nothing else")
    with Redis.from_url(desk.settings.broker_url) as broker:
        broker.set(routing.DEAD_LETTERS, "no list")
        # when
        desk.publish(b"42", HEADERS)
        wait_until(lambda: "dead_letter_failed" in desk.worker.last_lines(500), desk.worker, PATIENCE_S)
        broker.delete(routing.DEAD_LETTERS)
        wait_until(lambda: broker.llen(routing.DEAD_LETTERS) == 1, desk.worker, PATIENCE_S)
    # then
    (letter,) = desk.letters()
    assert letter.content == b"42"


def test_what_sqs_moved_by_itself_is_read_and_sent_back_too(desk: Desk) -> None:
    # given: a message that was delivered too often, in a queue that nobody consumes
    if not desk.settings.broker_url.startswith("sqs"):
        pytest.skip("only SQS moves messages by itself")
    url = f"{desk.settings.sqs_queue_url}{routing.UNROUTED}"
    desk.publish(body({"key": "no"}), HEADERS, queue=routing.UNROUTED)
    with desk.app.connection_for_write() as connection:
        sqs = connection.default_channel.sqs(routing.UNROUTED)
        for _ in range(MAX_RECEIVES + 1):
            sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)
        # when
        (letter,) = desk.letters()
        desk.send_back()
        # then
        assert (letter.reason, letter.queue) == (Why.RECEIVED_TOO_OFTEN, routing.UNROUTED)
        assert (letter.task, letter.parts["headers"]) == ("callback.done", HEADERS)
        assert desk.letters() == []
        (back,) = sqs.receive_message(QueueUrl=url)["Messages"]
        assert back["Body"].encode() == letter.content
        sqs.delete_message(QueueUrl=url, ReceiptHandle=back["ReceiptHandle"])
