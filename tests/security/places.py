"""Every place of a running stack that bytes may come to lie in, as (where, bytes)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from redis import Redis

from millrace.local.stack import Stack
from millrace.storage.aws import Clients

Found = Iterator[tuple[str, bytes]]

OPEN_BY_DESIGN = ("callbacks", "reports", "stack.json")
"""Of a stack's folder: what its consumer keeps, what its user asked for, and the user's key, for the user alone."""


def files(folder: Path) -> Found:
    """Names and contents of the stack's files: logs, health and whatever else it writes."""
    for path in sorted(folder.rglob("*")):
        if path.relative_to(folder).parts[0] in OPEN_BY_DESIGN:
            continue
        yield f"name of {path.name}", path.name.encode()
        if path.is_file():
            yield f"file {path.relative_to(folder)}", path.read_bytes()


def redis(url: str) -> Found:
    """Every key of every database, with its value."""
    for database in sorted(Redis.from_url(url).info("keyspace")):
        client = Redis.from_url(f"{url}/{database.removeprefix('db')}")
        for key in client.scan_iter(count=1000):
            where = f"redis {database} {key.decode(errors='replace')}"
            yield where, key
            yield from ((where, part) for part in _parts(client, key))
        client.close()


def _parts(client: "Redis", key: bytes) -> Iterator[bytes]:
    kind = client.type(key).decode()
    read: dict[str, Any] = {
        "string": lambda: [client.get(key) or b""],
        "list": lambda: client.lrange(key, 0, -1),
        "set": lambda: client.smembers(key),
        "zset": lambda: client.zrange(key, 0, -1),
        "hash": lambda: [part for pair in client.hgetall(key).items() for part in pair],
        "stream": lambda: [part for _, fields in client.xrange(key) for pair in fields.items() for part in pair],
        "none": list,
    }
    yield from read[kind]()


def dynamodb(clients: Clients) -> Found:
    """Every item of every table."""
    dynamo = clients.client("dynamodb")
    for table in dynamo.list_tables()["TableNames"]:
        for page in dynamo.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                where = f"dynamodb {table} {item.get('pk', item.get('owner'))}"
                yield from ((where, part) for name, value in item.items() for part in (name.encode(), *_leaves(value)))


def _leaves(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield str(key).encode()
            yield from _leaves(each)
    elif isinstance(value, list | set | tuple):
        for each in value:
            yield from _leaves(each)
    else:
        yield value if isinstance(value, bytes) else str(value).encode()


def s3(clients: Clients) -> Found:
    """Every object of every bucket: its key, its metadata and its bytes."""
    store = clients.client("s3")
    for bucket in store.list_buckets()["Buckets"]:
        for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
            for each in page.get("Contents", ()):
                where = f"s3 {bucket['Name']} {each['Key']}"
                found = store.get_object(Bucket=bucket["Name"], Key=each["Key"])
                yield where, each["Key"].encode()
                yield (
                    where,
                    repr((found["Metadata"], found.get("ContentType"), found.get("ContentDisposition"))).encode(),
                )
                yield where, found["Body"].read()


def sqs(clients: Clients) -> Found:
    """What waits in the queues of SQS."""
    queues = clients.client("sqs")
    for url in queues.list_queues().get("QueueUrls", ()):
        told = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, WaitTimeSeconds=0)
        for message in told.get("Messages", ()):
            yield f"sqs {url}", message.get("Body", "").encode()


def command_lines(stack: Stack) -> Found:
    """What every process list on the machine shows of the stack."""
    for name, process in _processes(stack):
        yield f"command line of {name}", "\0".join(process.cmdline()).encode()


def environments(stack: Stack) -> Found:
    """What each process was told when it began."""
    for name, process in _processes(stack):
        yield f"environment of {name}", repr(process.environ()).encode()


def _processes(stack: Stack) -> Iterator[tuple[str, psutil.Process]]:
    owners = {name: each.handle for name, each in stack.processes.items()}
    owners |= {name: each.process.handle for name, each in stack.servers.items()}
    for name, handle in owners.items():
        if handle is not None and handle.poll() is None:
            parent = psutil.Process(handle.pid)
            yield from ((name, each) for each in (parent, *parent.children(recursive=True)))
