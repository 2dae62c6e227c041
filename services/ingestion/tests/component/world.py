"""The API over in-memory stores, with two tenants who have keys, for every test of it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from tempfile import TemporaryFile
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from millrace.contracts.access import Scope
from millrace.contracts.artifacts import JSON, ArtifactRef
from millrace.contracts.base import now
from millrace.contracts.flow import Flow
from millrace.contracts.ids import new_run_id
from millrace.contracts.messages import Probe
from millrace.contracts.run import RunRecord
from millrace.ingestion.accept import Acceptance
from millrace.ingestion.adapters import PagePool, ParserPool, Reader
from millrace.ingestion.admission import Admission
from millrace.ingestion.app import build
from millrace.ingestion.auth import KeyRing
from millrace.ingestion.body import Options, ReadBody
from millrace.ingestion.control import Control
from millrace.ingestion.endpoint_routes import Callbacks
from millrace.ingestion.ports import Ports
from millrace.ingestion.pressure import MemoryPressure, Pressure
from millrace.ingestion.redelivery import Redelivery
from millrace.ingestion.registrar import Registrar
from millrace.ingestion.report_routes import Reports
from millrace.ingestion.streams import Pace, Streams
from millrace.ingestion.uploads import UploadDesk, read_file
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.endpoints import Endpoints
from millrace.storage.items import MemoryItems
from millrace.storage.links import ReportLinks
from millrace.storage.memory import MemoryFlows, MemoryObjects, MemoryRuns, memory_artifacts
from millrace.storage.multipart import MemoryMultipart
from millrace.storage.uploads import Uploads
from millrace.testing.factories import START

TENANT, RIVAL = "acme", "rival"
LINKS = ReportLinks(("a secret of the tests, long enough",))
MAKER = KeyMaker(("a pepper of the tests, long enough",))
_KEYS = {tenant: MAKER.make(tenant, "tests", tuple(Scope), START) for tenant in (TENANT, RIVAL)}
AUTH, RIVALS = ({"authorization": f"Bearer {text}"} for _, text in _KEYS.values())
"""The headers with a key of every scope, of the one tenant and of the other."""
REPORT_STAGE = {"name": "one", "budget_s": 5, "steps": [{"name": "r", "task": "analytics.report"}]}
FLOW = Flow.model_validate({"name": "customer-feedback", "report": "r.report", "stages": [REPORT_STAGE]})


@dataclass
class Post:
    """Keeps what would be published."""

    sent: list[tuple[str, RunRecord, str]] = field(default_factory=list)
    """What, the run, and its reason or start."""
    probes: list[Probe] = field(default_factory=list)
    broken: bool = False

    def start(self, record: RunRecord) -> None:
        self._put("start", record, "")

    def ask(self, record: RunRecord) -> None:
        asked = record.pending
        assert asked is not None
        self._put(asked.what, record, asked.reason if asked.what == "cancel" else asked.start)

    def probe(self, message: Probe) -> None:
        if self.broken:
            raise ConnectionError("broker away")
        self.probes.append(message)

    @property
    def started(self) -> list[RunRecord]:
        """The runs that were started."""
        return [record for what, record, _ in self.sent if what == "start"]

    def _put(self, what: str, record: RunRecord, how: str) -> None:
        if self.broken:
            raise ConnectionError("broker away")
        self.sent.append((what, record, how))


@dataclass(frozen=True)
class StoredReader:
    """Reads uploads where they are, without a child."""

    store: MemoryMultipart

    async def read(self, tenant: str, address: str, size: int, options: Options) -> ReadBody:
        with TemporaryFile() as file:
            file.write(self.store.files[address.removeprefix("memory:")])
            return read_file(file, options, 1 << 27)


@dataclass(kw_only=True)
class World:
    """An API, its stores and its post."""

    reader: Reader = field(default_factory=ParserPool)
    flow: Flow = FLOW
    pressure: Pressure = field(default_factory=MemoryPressure)
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    artifacts: ArtifactStore = field(default_factory=memory_artifacts)
    items: MemoryItems = field(default_factory=MemoryItems)
    pages: PagePool = field(default_factory=PagePool)
    post: Post = field(default_factory=Post)
    max_body_bytes: int = 1 << 20
    timer: Callable[[], float] = time.monotonic
    """How long a key and a tenant are remembered."""
    clock: Callable[[], datetime] = now

    def __post_init__(self) -> None:
        self.accounts = Accounts(items=self.items)
        self.streams = Streams(runs=self.runs, pace=Pace(look_alone_s=0.02))
        self.multipart = MemoryMultipart()
        self.uploads = Uploads(
            items=self.items, envelope=self.artifacts.envelope, store=self.multipart, part_size=1 << 20
        )  # fmt: skip
        self.desk = UploadDesk(uploads=self.uploads, reader=StoredReader(self.multipart), max_bytes=1 << 26)
        self.keys = KeyRing(accounts=self.accounts, maker=MAKER, timer=self.timer, clock=self.clock)
        self.endpoints = Endpoints(items=self.items, envelope=self.artifacts.envelope)
        self.callbacks = Callbacks(
            registrar=Registrar(
                endpoints=self.endpoints, allowed=frozenset({"127.0.0.1"}),
                limit=lambda tenant: self.accounts.tenant(tenant).quota.endpoints,
            ),
            redelivery=Redelivery(runs=self.runs, endpoints=self.endpoints, prober=self.post),
        )  # fmt: skip
        for tenant, (record, _) in _KEYS.items():
            self.accounts.create_tenant(tenant)
            self.accounts.add_key(record)
        self.app = self.build()
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def build(self) -> FastAPI:
        """The API over these stores."""
        flows = MemoryFlows()
        flows.publish([self.flow])
        acceptance = Acceptance(
            runs=self.runs, flow_store=flows, artifacts=self.artifacts, starter=self.post,
            allowed_hosts=frozenset({"127.0.0.1"}),
        )  # fmt: skip
        ports = Ports(
            keys=self.keys, runs=self.runs, acceptance=acceptance, reader=self.reader,
            admission=Admission(flows=acceptance.flows, pressure=self.pressure),
            control=Control(runs=self.runs, flows=acceptance.flows, asker=self.post),
            reports=Reports(runs=self.runs, artifacts=self.artifacts, links=LINKS, painter=self.pages),
            max_body_bytes=self.max_body_bytes, streams=self.streams, callbacks=self.callbacks,
            uploads=self.desk,
        )  # fmt: skip
        return build(ports)

    @property
    def objects(self) -> dict[str, bytes]:
        """What the object store holds."""
        assert isinstance(self.artifacts.cold, MemoryObjects)
        return self.artifacts.cold.objects

    def key(self, tenant: str, *scopes: Scope, expires_at: datetime | None = None) -> dict[str, str]:
        """The header with a new key of these scopes, or of every one."""
        record, text = MAKER.make(tenant, f"tests-{len(self.items.items)}", scopes or tuple(Scope), START, expires_at)
        self.accounts.add_key(record)
        return {"authorization": f"Bearer {text}"}

    def report(self, text: str) -> ArtifactRef:
        """A stored report that says this."""
        ref, _ = self.artifacts.put(
            tenant=TENANT, key=f"{new_run_id()}/report", data=f'"{text}"'.encode(), media_type=JSON,
            schema_name="report/1", durable=True,
        )  # fmt: skip
        return ref

    def submit(
        self, data: bytes, media_type: str = "text/csv", query: str = "", headers: Mapping[str, str] | None = None
    ) -> Any:
        """The answer to a batch, under an idempotency key of its own unless the headers have one."""
        given = {"content-type": media_type, "idempotency-key": new_run_id()} | AUTH | dict(headers or {})
        return self.client.post(f"/v1/runs{query}", content=data, headers=given)
