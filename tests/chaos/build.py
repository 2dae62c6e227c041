"""Build a world: the stack behind its proxies, and take it down again."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

from tests.chaos.aws import AwsProxy
from tests.chaos.brokers import Broker
from tests.chaos.faults import consumers
from tests.chaos.ledger import Ledger
from tests.chaos.processes import Processes
from tests.chaos.receiver import Receiver
from tests.chaos.world import OTHER_TENANT, World

from millrace.local.settings import LocalSettings
from millrace.local.stack import TENANT, Stack
from millrace.storage.aws import Clients
from millrace.storage.connect import connect_runs
from millrace.storage.settings import StorageSettings
from millrace.testing.loop import Loop
from millrace.testing.tcp import TcpProxy


@contextmanager
def created(folder: Path, broker: str, seed: int, replicas: int = 2) -> Iterator[World]:
    """A world that lives as long as the block."""
    for name in ("crash", "obeyed"):
        (folder / name).mkdir(parents=True)
    loop, ledger, tcp, aws = Loop(), Ledger(folder / "ledger.ndjson"), dict[str, TcpProxy](), list[AwsProxy]()

    def route(server: str, url: str) -> str:
        if server == "aws":
            if not aws:
                aws.append(AwsProxy(url, ledger, seed))
                aws[0].__enter__()
            return aws[0].url
        parts = urlsplit(url)
        if server not in tcp:
            tcp[server] = TcpProxy(loop, str(parts.hostname), int(parts.port or 0))
        return url.replace(f":{parts.port}", f":{tcp[server].port}")

    stack = Stack(
        folder=folder, settings=LocalSettings(broker_url=broker, concurrency=1, replicas=replicas), route=route,
        durable=True, overrides=lambda name: {"MILLRACE_CRASH_DIR": str(folder / "crash")},
    )  # fmt: skip
    stack.start()
    keys = {TENANT: stack.api_key, OTHER_TENANT: stack.add_tenant(OTHER_TENANT)}
    receiver = Receiver(loop, ledger, stack.secret)
    for tenant, temper in product(keys, ("ok", *consumers.TEMPERS)):
        stack.add_endpoint(tenant, receiver.url(temper))
    processes = Processes(stack)
    try:
        yield _world(stack, processes, aws[0], tcp, receiver, ledger, keys)
    finally:
        processes.close()
        stack.stop()
        receiver.close()
        for proxy in tcp.values():
            proxy.close()
        aws[0].__exit__(None, None, None)
        loop.close()


def _world(
    stack: Stack, processes: Processes, aws: AwsProxy, tcp: dict[str, TcpProxy], receiver: Receiver, ledger: Ledger,
    keys: dict[str, str],
) -> World:  # fmt: skip
    own = stack.servers["moto"].url
    settings = StorageSettings(aws_endpoint_url=own, kms_key_arn=stack.environment["MILLRACE_KMS_KEY_ARN"])
    clients = Clients(settings, credentials=("local", "local"))
    url = stack.environment["MILLRACE_BROKER_URL"]
    if url.startswith("sqs"):
        url = f"sqs://local:local@{own.removeprefix('http://')}"
    else:
        server = stack.servers["rabbitmq" if url.startswith("amqp") else "redis"]
        url = server.url if url.startswith("amqp") else f"{server.url}/1"
    return World(
        stack=stack, processes=processes, aws=aws, tcp=tcp, receiver=receiver, ledger=ledger, keys=keys,
        broker=Broker(url, stack.environment), clients=clients, runs=connect_runs(clients),
    )  # fmt: skip
