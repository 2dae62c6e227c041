"""The local stack: servers, then services, as processes of this one; what `compose.yaml` does with containers."""

import base64
import json
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from millrace.contracts import routing
from millrace.contracts.services import DEPLOYMENTS, Deployment, WorkerClass
from millrace.local.errors import NotStarted
from millrace.local.process import Listener, Process, module
from millrace.local.rabbitmq import start_rabbitmq
from millrace.local.servers import Server, answers, bound_socket, launch_moto, start_redis, wait_for_moto
from millrace.local.settings import LocalSettings, inherited
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import new_key
from millrace.storage.aws import Clients
from millrace.storage.connect import connect_stores
from millrace.storage.dynamodb_items import DynamoItems
from millrace.storage.endpoints import Endpoints
from millrace.storage.provision import (
    create_account,
    create_account_table,
    create_bucket,
    create_key,
    create_queues,
    create_table,
)
from millrace.storage.settings import StorageSettings
from millrace.worker.classes import arguments
from millrace.worker.settings import CHILD_ENVIRONMENT

TENANT = "demo"
VISIBILITY_S = 6
BROKER_SETTINGS = ("broker_url", "sqs_queue_url", "aws_region")
"""Of `BrokerSettings`, what `millrace dead-letters` needs from the state file to reach the broker."""
LOCAL_CREDENTIALS = ("local", "local")
"""What the stack's own AWS takes: anything."""
STORAGE_SETTINGS = ("aws_endpoint_url", "aws_region", "table", "account_table", "bucket", "kms_key_arn", "redis_url")
"""Of `StorageSettings`, what `millrace tenants` and `millrace keys` need from the state file."""
_SLIM = ("dataset_conversations", "dataset_customers")
"""Services that are content with one child."""


@dataclass(kw_only=True)
class Stack:
    """A running stack. `start` returns when every service is ready; `stop` ends what was started, and only that."""

    folder: Path
    settings: LocalSettings = field(default_factory=LocalSettings)
    listener: Listener | None = None
    control: tuple[int, str] | None = None
    """Port and token by which `millrace down` reaches this stack."""
    route: Callable[[str, str], str] = lambda server, url: url
    """The address at which the services find a server (`aws`, `redis`, `broker`), given its own: a test's proxy."""
    overrides: Callable[[str], dict[str, str]] = lambda process: {}
    """Further environment of a process, by its name."""
    durable: bool = False
    """Whether Redis remembers when it is started again."""
    api_key: str = field(default_factory=lambda: new_key().text, repr=False)
    key_pepper: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    secret: str = field(default_factory=lambda: _signing_secret(), repr=False)
    link_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    message_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    servers: dict[str, Server] = field(default_factory=dict)
    """`moto` and `redis`, and with them `rabbitmq` and its `epmd`; in the order of their start."""
    processes: dict[str, Process] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    api_url: str = ""
    callback_url: str = ""
    _sockets: list[socket.socket] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Start everything; NotStarted names what did not come up, and the rest is stopped again."""
        for name in ("logs", "health", "callbacks", "reports"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        try:
            self._start_servers()
            self._add_services()
            self._start_in_turn()
        except BaseException:
            self.stop()
            raise
        self._write_state()

    def stop(self) -> None:
        """End services first, servers last."""
        self._stopping.set()
        (self.folder / "stack.json").unlink(missing_ok=True)
        stoppers = [threading.Thread(target=process.stop) for process in self.processes.values()]
        for stopper in stoppers:
            stopper.start()
        for stopper in stoppers:
            stopper.join()
        for server in reversed(self.servers.values()):
            server.stop()
        for listener in self._sockets:
            listener.close()

    def revive(self) -> list[str]:
        """Start again what died by itself, as Kubernetes would; returns the names."""
        if self._stopping.is_set():
            return []
        dead = [process for process in self.processes.values() if not process.running]
        for process in dead:
            self.start_again(process.name)
        return [process.name for process in dead]

    def start_again(self, name: str) -> None:
        """Start a process that died once more. What it last said of its health is forgotten."""
        self._health(name).unlink(missing_ok=True)
        self.processes[name].start()
        self._write_state()

    def ready(self, name: str) -> bool:
        """Whether the process runs and has said that it is ready."""
        return self.processes[name].running and self._readiness(name)()

    def add_tenant(self, tenant: str) -> str:
        """Another tenant while the stack runs; returns its key."""
        clients = Clients(StorageSettings(aws_endpoint_url=self.servers["moto"].url), credentials=LOCAL_CREDENTIALS)
        key = new_key().text
        create_account(_accounts(clients), tenant, key, (self.key_pepper,))
        clients.close()
        return key

    def add_endpoint(self, tenant: str, url: str) -> None:
        """Register a callback URL whose messages are signed with the stack's own secret, `secret`."""
        settings = StorageSettings(
            aws_endpoint_url=self.servers["moto"].url, kms_key_arn=self.environment["MILLRACE_KMS_KEY_ARN"]
        )
        stores = connect_stores(settings, LOCAL_CREDENTIALS)
        endpoints = Endpoints(items=stores.items, envelope=stores.artifacts.envelope)
        endpoints.register(tenant, url, secret=self.secret)
        stores.close()

    def _start_servers(self) -> None:
        base = inherited() | {
            "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true", "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        moto = self.servers["moto"] = launch_moto(self.folder / "logs", base)
        self.servers["redis"] = start_redis(self.folder / "logs", base, self.durable)
        if self.settings.broker_url == "amqp://":
            broker, mapper = start_rabbitmq(self.folder / "logs", base)
            self.servers |= {"epmd": mapper, "rabbitmq": broker}
        self.environment = base | self._provision(moto) | self._addresses(moto)

    def _addresses(self, moto: Server) -> dict[str, str]:
        """Where the services find the servers."""
        aws = self.route("aws", moto.url)
        redis = self.route("redis", self.servers["redis"].url)
        broker = self.settings.broker_url or f"{self.route('broker', self.servers['redis'].url)}/1"
        if broker == "sqs://":
            broker = f"sqs://local:local@{aws.removeprefix('http://')}"
        elif broker == "amqp://":
            broker = self.route("broker", self.servers["rabbitmq"].url)
        return {"MILLRACE_AWS_ENDPOINT_URL": aws, "MILLRACE_REDIS_URL": f"{redis}/0", "MILLRACE_BROKER_URL": broker}

    def _provision(self, moto: Server) -> dict[str, str]:
        """Create what Terraform would, and say where it is."""
        settings = StorageSettings(aws_endpoint_url=moto.url)
        clients = Clients(settings, credentials=LOCAL_CREDENTIALS)
        for service in ("dynamodb", "s3", "sqs", "kms"):
            clients.client(service)
        wait_for_moto(moto)
        create_table(clients, settings.table)
        create_account_table(clients, settings.account_table)
        create_account(_accounts(clients), TENANT, self.api_key, (self.key_pepper,))
        create_bucket(clients, settings.bucket)
        queues = create_queues(clients, (*routing.QUEUES, routing.UNROUTED), VISIBILITY_S)
        return {
            "MILLRACE_AWS_REGION": settings.aws_region,
            "MILLRACE_TABLE": settings.table,
            "MILLRACE_ACCOUNT_TABLE": settings.account_table,
            "MILLRACE_BUCKET": settings.bucket,
            "MILLRACE_KMS_KEY_ARN": create_key(clients),
            "MILLRACE_SQS_QUEUE_URL": queues.replace(moto.url, self.route("aws", moto.url)),
            "MILLRACE_VISIBILITY_S": str(VISIBILITY_S),
            "MILLRACE_KEY_PEPPER": self.key_pepper,
            "MILLRACE_LINK_SECRET": self.link_secret,
            "MILLRACE_MESSAGE_SECRET": self.message_secret,
            "MILLRACE_CALLBACK_ALLOW": "127.0.0.1",
            "MILLRACE_LOG_FORMAT": self.settings.log_format,
        }

    def _add_services(self) -> None:
        api, receiver = self._listen(), self._listen()
        self.api_url, self.callback_url = _url(api), f"{_url(receiver)}/callback"
        self.environment["MILLRACE_API_URL"] = self.api_url
        self.add_endpoint(TENANT, self.callback_url)
        for deployment in sorted(DEPLOYMENTS, key=_slowest_first):
            if deployment.worker_class is WorkerClass.HTTP:
                self._add(deployment.name, module(f"millrace.{deployment.service}"), api)
            else:
                for number in range(1, self.settings.replicas + 1):
                    self._add_worker(deployment, deployment.name if number == 1 else f"{deployment.name}-{number}")
        secret = {"MILLRACE_CALLBACK_SECRET": self.secret}
        self._add("receiver", module("millrace.local.receiver", str(self.folder / "callbacks")), receiver, secret)

    def _add_worker(self, deployment: Deployment, name: str) -> None:
        children = 1 if deployment.service in _SLIM else self.settings.concurrency
        health = self._health(name)
        health.unlink(missing_ok=True)
        extra = {"MILLRACE_CONCURRENCY": str(children), "MILLRACE_HEALTH_FILE": str(health)}
        # What `python -m millrace.worker` would become, without starting an interpreter to find that out.
        command = [sys.executable, *arguments(deployment, children)]
        self._add(name, command, None, extra | CHILD_ENVIRONMENT)

    def _add(
        self, name: str, command: list[str], listener: socket.socket | None, extra: dict[str, str] | None = None
    ) -> None:
        environment = self.environment | (extra or {}) | self.overrides(name)
        if listener is not None:
            environment["MILLRACE_LISTEN_FD"] = str(listener.fileno())
        process = Process(
            name=name, command=command, environment=environment, log=self.folder / "logs" / f"{name}.log",
            listener=self.listener, pass_fds=(listener.fileno(),) if listener else (),
        )  # fmt: skip
        self.processes[name] = process

    def _start_in_turn(self) -> None:
        """Start two a core at a time, the slowest first: all at once, the slowest would be alone at the end."""
        waiting, starting = list(self.processes.values()), list[Process]()
        slots = 2 * (os.cpu_count() or 1)
        give_up = time.monotonic() + self.settings.start_timeout_s
        while waiting or starting:
            while waiting and len(starting) < slots:
                starting.append(waiting.pop(0))
                starting[-1].start()
            starting = [process for process in starting if not self._ready(process, give_up)]
            threading.Event().wait(0.05)

    def _ready(self, process: Process, give_up: float) -> bool:
        if self._readiness(process.name)():
            return True
        if not process.running or time.monotonic() > give_up:
            raise NotStarted(f"{process.name} did not become ready\n{process.last_lines()}")
        return False

    def _readiness(self, name: str) -> Callable[[], bool]:
        if name == "ingestion":
            return lambda: answers(f"{self.api_url}/readyz")
        if name == "receiver":
            return lambda: answers(f"{self.callback_url}", expected=405)
        return self._health(name).exists

    def _health(self, name: str) -> Path:
        return self.folder / "health" / f"{name}.json"

    def _listen(self) -> socket.socket:
        listener = bound_socket()
        self._sockets.append(listener)
        return listener

    def _write_state(self) -> None:
        state: dict[str, object] = {
            "api_url": self.api_url, "api_key": self.api_key, "callback_url": self.callback_url,
            "callbacks": str(self.folder / "callbacks"), "report_dir": str(self.folder / "reports"),
            "processes": {name: process.handle.pid for name, process in self.processes.items() if process.handle},
            "key_pepper": self.key_pepper,
            "broker": {name: self.environment[f"MILLRACE_{name.upper()}"] for name in BROKER_SETTINGS},
            "storage": {name: self.environment[f"MILLRACE_{name.upper()}"] for name in STORAGE_SETTINGS},
        }  # fmt: skip
        if self.control is not None:
            state |= {"control_port": self.control[0], "control_token": self.control[1]}
        fresh = self.folder / "stack.new"
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(state, indent=2))
        fresh.replace(self.folder / "stack.json")


def _slowest_first(deployment: Deployment) -> tuple[bool, int]:
    """Those that load the most begin; the API comes last, because it waits for the orchestrator's flows."""
    order = (WorkerClass.TASK, WorkerClass.ORCHESTRATION, WorkerClass.DISTRIBUTION, WorkerClass.HTTP)
    light = deployment.service in _SLIM or deployment.worker_class is not WorkerClass.TASK
    return light, order.index(deployment.worker_class)


def _accounts(clients: Clients) -> Accounts:
    return Accounts(items=DynamoItems(clients, clients.settings.account_table))


def _signing_secret() -> str:
    """As Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"
