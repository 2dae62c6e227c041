"""The front door: how fast a batch is accepted, and how much of the framework's own speed the accepting keeps."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import httpx
import uvloop
from redis import Redis
from rich.console import Console
from tests.bench import front_app, post
from tests.bench.errors import BenchError
from tests.bench.figures import paired_ratio, percentile
from tests.bench.processes import ROOT, cpu_seconds
from tests.bench.servers import AWS, serving

from millrace.contracts.access import Scope
from millrace.contracts.artifacts import JSON
from millrace.contracts.base import now
from millrace.contracts.routing import QUEUES
from millrace.local.process import Process, module, wait_until
from millrace.local.servers import answers, bound_socket
from millrace.local.settings import inherited
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker
from millrace.storage.connect import connect_stores
from millrace.storage.settings import StorageSettings

SECRETS = {
    f"MILLRACE_{name}": f"secret-of-the-benchmark-for-{name.lower()}"
    for name in ("KEY_PEPPER", "LINK_SECRET", "MESSAGE_SECRET")
}
PER_S = 50.0
BODY_BYTES = 10 << 10
RECORDS = 20
SENDERS = 16
PATIENCE_S = 60.0
DRAIN_S = 0.2
WARM_S = 6.0
"""Of steady requests that do not count, until every thread has its connections."""

Result = TypeVar("Result")


def body() -> bytes:
    """A JSON document of 10 KiB: twenty records as a shop would send them."""
    chance = random.Random(5)
    words = ("the", "sleeve", "was", "too", "tight", "and", "it", "ripped", "after", "one", "wash", "but", "we", "like")
    records = [
        {
            "record_id": f"r{number}", "text": "", "rating": {"scale": "stars5", "value": chance.randint(1, 5)},
            "created_at": "2026-01-05T10:00:00Z", "customer_ref": f"customer-{number}", "product": "rain jacket",
        }
        for number in range(RECORDS)
    ]  # fmt: skip
    room = BODY_BYTES - len(json.dumps({"records": records}))
    for record in records:
        text = " ".join(chance.choice(words) for _ in range(100))
        record["text"] = text[: room // RECORDS]
    found = json.dumps({"records": records}).encode()
    return found + b" " * (BODY_BYTES - len(found))


def requests(path: str, key: str, data: bytes) -> Callable[[int], bytes]:
    """The requests by number, each under an idempotency key of its own."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nContent-Type: {JSON}\r\n"
        f"Content-Length: {len(data)}\r\nIdempotency-Key: {random.Random().getrandbits(64):016x}-"
    ).encode()
    return lambda number: b"%s%d\r\n\r\n%s" % (head, number, data)


def measure(console: Console, folder: Path, seconds: float, rounds: int) -> dict[str, Any]:
    """The share of the framework's speed, then the latency on local servers."""
    data = body()
    (folder / "stubbed").mkdir(parents=True)
    (folder / "local").mkdir()
    console.log("accepting against an empty handler, stores stubbed")
    share = _share(folder / "stubbed", data, rounds)
    console.log(f"accepting {PER_S:g} requests/s on moto and Redis for {seconds:g} s")
    latency = _latency(folder / "local", data, seconds)
    return {"body_bytes": len(data), "records": RECORDS, "share": share, "latency": latency}


def _share(folder: Path, data: bytes, rounds: int) -> dict[str, Any]:
    with _serving("tests.bench.front_app", inherited() | SECRETS, folder) as (process, port):
        key = httpx.get(f"http://127.0.0.1:{port}{front_app.KEY}").text
        paths = {"empty": front_app.EMPTY, "empty with a key": front_app.KEYED, "accepting": front_app.ACCEPTED}
        found: dict[str, list[dict[str, float]]] = {name: [] for name in paths}
        for number in range(rounds + 1):
            for name in sorted(paths, reverse=bool(number % 2)):
                window = _window(process, port, requests(paths[name], key, data))
                if number:  # the first warms up
                    found[name].append(window)
    rates = {name: [each["per_s"] for each in windows] for name, windows in found.items()}
    medians = {
        name: {what: median(each[what] for each in windows) for what in ("per_s", "cpu_us")}
        for name, windows in found.items()
    }
    ratios = {f"of {name}": paired_ratio(rates["accepting"], rates[name]) for name in paths if name != "accepting"}
    return {"rounds": rounds, "medians": medians, "ratios": ratios}


def _latency(folder: Path, data: bytes, seconds: float) -> dict[str, Any]:
    with serving(folder) as servers:
        environment = servers.environment(0) | AWS | SECRETS
        key = _account(environment)
        with _serving("millrace.ingestion", environment, folder) as (process, port):
            request = requests(front_app.ACCEPTED, key, data)
            _run(_steady(port, request, WARM_S))  # the first of each call connects, and fetches a data key
            watched = {"ingestion": process, **servers.processes}
            before = {name: cpu_seconds(each) for name, each in watched.items()}
            with _drained(environment["MILLRACE_BROKER_URL"]):
                done = _run(_steady(port, request, seconds))
            cpu = {name: (cpu_seconds(each) - before[name]) / len(done) * 1e3 for name, each in watched.items()}
    taken = [each.seconds for each in done]
    return {
        "per_s": PER_S, "seconds": seconds, "statuses": Counter(str(each.status) for each in done),
        "refused_share": sum(each.status != 202 for each in done) / len(done),
        "ms": {f"p{share}": percentile(taken, share / 100) * 1e3 for share in (50, 90, 99)} | {"max": max(taken) * 1e3},
        "cpu_ms_per_request": cpu,
    }  # fmt: skip


@contextmanager
def _drained(broker_url: str) -> Iterator[None]:
    """Nobody works here: what is published is taken away, so that no run is refused for the length of the queues."""
    over, queues = threading.Event(), Redis.from_url(broker_url)

    def drain() -> None:
        while not over.wait(DRAIN_S):
            queues.delete(*QUEUES)

    drainer = threading.Thread(target=drain)
    drainer.start()
    try:
        yield
    finally:
        over.set()
        drainer.join()
        queues.close()


async def _steady(port: int, request: Callable[[int], bytes], seconds: float) -> list[post.Done]:
    server = post.Server(port)
    done = await post.steady(server, request, PER_S, seconds)
    server.close()
    return done


def _account(environment: Mapping[str, str]) -> str:
    """What the API needs to find: a flow and a key."""
    settings = StorageSettings(
        aws_endpoint_url=environment["MILLRACE_AWS_ENDPOINT_URL"], redis_url=environment["MILLRACE_REDIS_URL"],
        kms_key_arn=environment["MILLRACE_KMS_KEY_ARN"],
    )  # fmt: skip
    stores = connect_stores(settings, (AWS["AWS_ACCESS_KEY_ID"], AWS["AWS_SECRET_ACCESS_KEY"]))
    stores.flows.publish([front_app.FLOW])
    accounts = Accounts(items=stores.items)
    record, text = KeyMaker((SECRETS["MILLRACE_KEY_PEPPER"],)).make(front_app.TENANT, "bench", tuple(Scope), now())
    accounts.create_tenant(front_app.TENANT, front_app.QUOTA)
    accounts.add_key(record)
    stores.close()
    return text


def _window(process: Process, port: int, request: Callable[[int], bytes], seconds: float = 2.0) -> dict[str, float]:
    async def load() -> Any:
        server = post.Server(port)
        done = await post.flat_out(server, request, SENDERS, seconds)
        server.close()
        return done

    used, began = cpu_seconds(process), time.perf_counter()
    done = _run(load())
    took, used = time.perf_counter() - began, cpu_seconds(process) - used
    if any(each.status != 202 for each in done):
        raise BenchError(f"not accepted: {Counter(each.status for each in done)}")
    return {"per_s": len(done) / took, "cpu_us": used / len(done) * 1e6}


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    return uvloop.run(work)


@contextmanager
def _serving(module_name: str, environment: Mapping[str, str], folder: Path) -> Iterator[tuple[Process, int]]:
    """The API's own server on a port of the system's choosing, once it answers."""
    with bound_socket() as listener:
        port, handed = listener.getsockname()[1], str(listener.fileno())
        more = {"MILLRACE_LISTEN_FD": handed, "PYTHONPATH": str(ROOT)}
        process = Process(
            name="api", command=module(module_name), environment=dict(environment) | more, log=folder / "api.log",
            pass_fds=(listener.fileno(),),
        )  # fmt: skip
        process.start()
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), process, PATIENCE_S)
        yield process, port
    finally:
        process.stop()
