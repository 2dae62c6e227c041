"""The servers that every system shares, the environment of each, and what moto recorded."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from redis import Redis
from tests.bench.recorded import Request, parse

from millrace.contracts import routing
from millrace.local.process import Process
from millrace.local.servers import start_moto, start_redis
from millrace.local.settings import inherited
from millrace.local.stack import VISIBILITY_S
from millrace.storage.aws import Clients
from millrace.storage.provision import create_account_table, create_bucket, create_key, create_queues, create_table
from millrace.storage.settings import StorageSettings
from millrace.testing.secrets import MESSAGE_SECRET

AWS = {
    "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true", "PYTHONUNBUFFERED": "1",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Servers:
    """One Redis and one moto."""

    redis_url: str
    moto_url: str
    processes: dict[str, Process]
    common: dict[str, str]
    recording: Path

    def environment(self, number: int, broker_url: str = "") -> dict[str, str]:
        """Environment of the system with this number: its own two databases of the one Redis server."""
        return self.common | {
            "MILLRACE_BROKER_URL": broker_url or f"{self.redis_url}/{2 * number}",
            "MILLRACE_REDIS_URL": f"{self.redis_url}/{2 * number + 1}",
        }

    @property
    def sqs_url(self) -> str:
        """moto's SQS as a broker."""
        return f"sqs://local:local@{self.moto_url.removeprefix('http://')}"


@contextmanager
def serving(folder: Path) -> Iterator[Servers]:
    """Redis and moto with the table, bucket, key and queues that Terraform would create."""
    recording = record_into(folder)
    # This process sends to SQS too, and kombu asks boto3 for the region.
    os.environ.update(AWS)
    base = inherited()
    moto = start_moto(folder, base)
    try:
        redis = start_redis(folder, base)
        try:
            yield Servers(
                redis_url=redis.url, moto_url=moto.url, processes={"redis": redis.process, "moto": moto.process},
                common=base | _provision(moto.url), recording=recording,
            )  # fmt: skip
        finally:
            redis.stop()
    finally:
        moto.stop()


def _provision(moto_url: str) -> dict[str, str]:
    settings = StorageSettings(aws_endpoint_url=moto_url)
    clients = Clients(settings, credentials=("local", "local"))
    create_table(clients, settings.table)
    create_account_table(clients, settings.account_table)
    create_bucket(clients, settings.bucket)
    queues = create_queues(clients, (*routing.QUEUES, routing.UNROUTED), VISIBILITY_S)
    key = create_key(clients)
    clients.close()
    return {
        "MILLRACE_AWS_ENDPOINT_URL": moto_url, "MILLRACE_AWS_REGION": settings.aws_region,
        "MILLRACE_TABLE": settings.table, "MILLRACE_BUCKET": settings.bucket, "MILLRACE_KMS_KEY_ARN": key,
        "MILLRACE_SQS_QUEUE_URL": queues, "MILLRACE_VISIBILITY_S": str(VISIBILITY_S),
        "MILLRACE_MESSAGE_SECRET": MESSAGE_SECRET,
    }  # fmt: skip


def record_into(folder: Path) -> Path:
    """Have a moto server that is started from here on keep its recording in this folder."""
    recording = folder / "moto.recording"
    os.environ["MOTO_RECORDER_FILEPATH"] = str(recording)
    return recording


@contextmanager
def recorded(moto_url: str, recording: Path) -> Iterator[list[Request]]:
    """Every AWS request that moto is sent within this block; the list is filled at its end."""
    requests: list[Request] = []
    _tell(moto_url, "reset-recording")
    _tell(moto_url, "start-recording")
    try:
        yield requests
    finally:
        _tell(moto_url, "stop-recording")
    requests.extend(parse(recording.read_text()))


def _tell(moto_url: str, what: str) -> None:
    httpx.post(f"{moto_url}/moto-api/recorder/{what}", timeout=10).raise_for_status()


def commands(redis: Redis) -> dict[str, int]:
    """Calls of each Redis command since the server started."""
    return {name.removeprefix("cmdstat_"): stats["calls"] for name, stats in redis.info("commandstats").items()}


def increase(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """What was added between two readings."""
    return {name: calls - before.get(name, 0) for name, calls in after.items() if calls != before.get(name, 0)}
