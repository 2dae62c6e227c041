"""What looks for canaries finds them: in every place, in every wrapping."""

import base64
import gzip
import json
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
from redis import Redis
from tests.security import places
from tests.security.canaries import Canaries
from tests.security.listening import listening, monitored

from millrace.local.servers import Server
from millrace.storage.connect import Stores


@pytest.fixture
def canaries() -> Canaries:
    made = Canaries()
    made.mark("name")
    made.watch("secret", "whsec_Zm9vYmFyIGlzIG5vdCBhIHNlY3JldA")
    return made


WRAPPINGS = {
    "as it is": lambda data: data,
    "upper case": lambda data: data.upper(),
    "in a line": lambda data: b'{"error": "no customer ' + data + b' here"}',
    "hexadecimal": lambda data: data.hex().encode(),
    "utf-16": lambda data: data.decode().encode("utf-16"),
    "base64": lambda data: base64.b64encode(b"text before it " + data + b" and after"),
    "base64, a byte later": lambda data: b"=" + base64.b64encode(b"text before it: " + data + b" and after"),
    "base64, two bytes later": lambda data: base64.b64encode(b"text before it:  " + data),
    "url": lambda data: quote(base64.b64encode(b"xx" + data)).encode(),
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "zlib in base64 in JSON": lambda data: json.dumps({"a": base64.b64encode(zlib.compress(data)).decode()}).encode(),
}


@pytest.mark.parametrize("name", ["name", "secret"])
@pytest.mark.parametrize("wrapping", WRAPPINGS.values(), ids=WRAPPINGS)
def test_a_canary_is_found_in_every_wrapping(canaries, wrapping, name):
    hits = canaries.search("here", wrapping(canaries.sent[name].encode()))
    assert [hit.canary for hit in hits] == [name]


def test_nothing_is_found_where_there_is_nothing(canaries):
    assert canaries.search("here", b"a canary in a coal mine" + zlib.compress(b"zqcana")) == []


def test_files_are_read_and_what_is_open_by_design_is_not(canaries, tmp_path: Path):
    # given
    for name in ("logs", "callbacks", "reports"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "some.log").write_text(canaries.sent["name"])
    (tmp_path / "logs" / canaries.sent["secret"]).touch()
    # when
    hits = [hit for where, data in places.files(tmp_path) for hit in canaries.search(where, data)]
    # then
    assert sorted((hit.canary, hit.where) for hit in hits) == [
        ("name", "file logs/some.log"), ("secret", f"name of {canaries.sent['secret']}"),
    ]  # fmt: skip


def test_every_type_of_redis_is_read_in_every_database(canaries, redis: Redis, redis_server: Server):
    # given
    text = canaries.sent["name"]
    other = Redis.from_url(f"{redis_server.url}/3")
    redis.set("string", text), redis.rpush("list", text), redis.sadd("set", text), redis.zadd("zset", {text: 1})
    redis.hset("hash", text, "1"), redis.xadd("stream", {"body": text}), other.set(text, "key")
    # when
    hits = {hit.where for where, data in places.redis(redis_server.url) for hit in canaries.search(where, data)}
    other.delete(text)
    # then
    kinds = ("string", "list", "set", "zset", "hash", "stream")
    assert {f"redis db0 {kind}" for kind in kinds} | {f"redis db3 {text}"} <= hits


def test_commands_are_overheard(canaries, redis: Redis, redis_server: Server):
    with monitored(redis_server.url) as commands:
        redis.set("gone", canaries.sent["name"])
        redis.delete("gone")
        redis.ping()
    assert canaries.search("monitor", b"\n".join(commands))


def test_tables_buckets_and_queues_are_read(canaries, stores: Stores):
    # given
    text, clients = canaries.sent["name"], stores.clients
    table, bucket = stores.items.table, stores.artifacts.cold.bucket
    clients.client("dynamodb").put_item(
        TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": "b"}, "body": {"B": zlib.compress(text.encode())}}
    )
    clients.client("s3").put_object(Bucket=bucket, Key=f"a/{text}", Body=b"")
    clients.client("s3").put_object(Bucket=bucket, Key="b", Body=b"", Metadata={"name": text})
    url = clients.client("sqs").create_queue(QueueName="canary")["QueueUrl"]
    clients.client("sqs").send_message(QueueUrl=url, MessageBody=base64.b64encode(text.encode()).decode())
    # when
    found = [*places.dynamodb(clients), *places.s3(clients), *places.sqs(clients)]
    clients.client("sqs").delete_queue(QueueUrl=url)
    hits = {hit.where for where, data in found for hit in canaries.search(where, data)}
    # then
    assert {f"s3 {bucket} a/{text}", f"s3 {bucket} b", f"sqs {url}"} < hits
    assert any(where.startswith(f"dynamodb {table}") for where in hits)


def test_a_listener_keeps_what_it_is_sent(canaries):
    import httpx

    with listening() as kept:
        httpx.post(f"{kept.url}/v1/traces", content=gzip.compress(b"x" + canaries.sent["name"].encode()),
                   headers={"content-encoding": "gzip"})  # fmt: skip
    assert [canaries.search(path, body) != [] for path, body in kept.requests] == [True]
