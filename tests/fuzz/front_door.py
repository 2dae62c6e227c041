"""The API over real stores, without the workers behind it: what is put into the stores stays as it is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from millrace.contracts import routing
from millrace.contracts.access import Quota, Scope
from millrace.contracts.base import now
from millrace.local.process import Process, wait_until
from millrace.local.servers import answers, bound_socket
from millrace.local.settings import LocalSettings
from millrace.local.stack import Stack
from millrace.orchestrator.flows import load
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker
from millrace.storage.connect import Stores, connect_stores
from millrace.storage.provision import create_table
from millrace.storage.settings import StorageSettings

TENANT = "fuzzed"
READY_S = 60.0
DRAIN_S = 0.2
PROCESSES = ("ingestion", "receiver")
AMPLE = Quota(
    requests_per_minute=10_000_000, burst_per_second=1_000_000, runs_per_day=10_000_000,
    records_per_day=1_000_000_000, open_uploads=1_000_000, endpoints=1_000_000,
)  # fmt: skip
MEAGRE = Quota(requests_per_minute=1, burst_per_second=1)


class ApiAlone(Stack):
    """The local stack's servers, its API and its consumer."""

    def _add_services(self) -> None:
        super()._add_services()
        self.processes = {name: self.processes[name] for name in PROCESSES}
        with stores_of(self) as stores:
            # Else the orchestrator does so, and the API is not ready before.
            stores.flows.publish(tuple(load().values()))


@dataclass(frozen=True, kw_only=True)
class FrontDoor:
    """A running API and keys to it."""

    stack: ApiAlone
    stores: Stores
    key: str = field(repr=False)
    """May do everything, and does not run out."""
    powerless: str = field(repr=False)
    """Has no scope."""
    exhausted: str = field(repr=False)
    """Of a tenant that has one request a minute."""

    @property
    def url(self) -> str:
        return self.stack.api_url


@contextmanager
def stores_of(stack: Stack) -> Iterator[Stores]:
    """The stores that the stack's services use."""
    given = {name.removeprefix("MILLRACE_").lower(): value for name, value in stack.environment.items()}
    settings = StorageSettings(**{name: given[name] for name in StorageSettings.model_fields if name in given})
    stores = connect_stores(settings, ("local", "local"))
    try:
        yield stores
    finally:
        stores.close()


@contextmanager
def opened(folder: Path) -> Iterator[FrontDoor]:
    """An API that lives as long as the block."""
    # Every request without a key comes from one address here.
    environment = {"MILLRACE_FAILED_KEYS_PER_MINUTE": "1000000"}
    stack = ApiAlone(folder=folder, settings=LocalSettings(), overrides=lambda _: environment)
    stack.start()
    try:
        with stores_of(stack) as stores, drained(stack.environment["MILLRACE_BROKER_URL"]):
            maker = Keys(Accounts(items=stores.items), KeyMaker((stack.environment["MILLRACE_KEY_PEPPER"],)))
            yield FrontDoor(
                stack=stack, stores=stores, key=maker.make(TENANT, AMPLE, tuple(Scope)),
                powerless=maker.make("powerless", AMPLE, ()), exhausted=maker.make("exhausted", MEAGRE, tuple(Scope)),
            )  # fmt: skip
    finally:
        stack.stop()


@contextmanager
def unready(door: FrontDoor) -> Iterator[str]:
    """Another API, over a table in which no flow is published; its address."""
    table = "of-nobody"
    create_table(door.stores.clients, table)
    with bound_socket() as listener:
        own = door.stack.processes["ingestion"]
        environment = {**own.environment, "MILLRACE_TABLE": table, "MILLRACE_LISTEN_FD": str(listener.fileno())}
        process = Process(
            name="unready", command=own.command, environment=environment, log=own.log.with_name("unready.log"),
            pass_fds=(listener.fileno(),),
        )  # fmt: skip
        process.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            wait_until(lambda: answers(f"{url}/healthz"), process, READY_S)
            yield url
        finally:
            process.stop()


@contextmanager
def drained(broker_url: str) -> Iterator[None]:
    """Queues that are kept empty: nobody works here, and an API whose runs all wait soon takes no more of them."""
    broker, done = Redis.from_url(broker_url), threading.Event()

    def drain() -> None:
        while not done.wait(DRAIN_S):
            broker.delete(*routing.QUEUES)

    thread = threading.Thread(target=drain, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        broker.close()


@dataclass(frozen=True)
class Keys:
    """Makes tenants with a key each."""

    accounts: Accounts
    maker: KeyMaker

    def make(self, tenant: str, quota: Quota, scopes: tuple[Scope, ...]) -> str:
        self.accounts.create_tenant(tenant, quota)
        record, key = self.maker.make(tenant, "fuzz", scopes, now())
        self.accounts.add_key(record)
        return key
