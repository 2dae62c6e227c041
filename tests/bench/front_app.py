"""The API over stores that keep nothing, beside a route that does nothing. Served by uvicorn as a process."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse, Response

from millrace.contracts.access import Quota, Scope
from millrace.contracts.artifacts import JSON
from millrace.contracts.base import now
from millrace.contracts.flow import Flow
from millrace.contracts.run import RunRecord
from millrace.ingestion.__main__ import serve
from millrace.ingestion.accept import Acceptance
from millrace.ingestion.adapters import PagePool, ParserPool
from millrace.ingestion.admission import Admission
from millrace.ingestion.app import build
from millrace.ingestion.auth import Caller, KeyRing
from millrace.ingestion.control import Control
from millrace.ingestion.ports import Ports
from millrace.ingestion.pressure import MemoryPressure
from millrace.ingestion.rates import Rates, Standing
from millrace.ingestion.report_routes import Reports
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.items import MemoryItems
from millrace.storage.links import ReportLinks
from millrace.storage.memory import MemoryEnvelope, MemoryFlows, MemoryObjects, MemoryRuns
from millrace.storage.ports import Idempotency

TENANT = "bench"
EMPTY = "/empty"
KEYED = "/keyed"
"""The same for whoever has a key."""
KEY = "/key"
ACCEPTED = "/v1/runs"
QUOTA = Quota(burst_per_second=10**6, requests_per_minute=10**7, runs_per_day=10**8, records_per_day=10**9)
_STAGE = {"name": "one", "budget_s": 5, "steps": [{"name": "r", "task": "analytics.report"}]}
FLOW = Flow.model_validate({"name": "customer-feedback", "report": "r.report", "stages": [_STAGE]})


class Nowhere:
    """Takes what is published and what is stored, and keeps none of it."""

    def start(self, record: RunRecord) -> None:
        """See `Starter`."""

    def ask(self, record: RunRecord) -> None:
        """See `Asker`."""


class NoRates(Rates):
    """Counts nothing."""

    async def take(self, tenant: str, quota: Quota) -> Standing | None:
        """See `Rates`."""
        return None

    async def check_day(self, tenant: str, quota: Quota) -> None:
        """See `Rates`."""

    async def reserve(self, tenant: str, quota: Quota, records: int = 0) -> Callable[[], Awaitable[None]]:
        """See `Rates`."""

        async def give_back() -> None:
            """Nothing was taken."""

        return give_back


class NoObjects(MemoryObjects):
    """Objects that are forgotten."""

    def put(self, key: str, data: bytes) -> bool:
        """See `ObjectStore`."""
        return True


@dataclass
class NoRuns(MemoryRuns):
    """Runs that are forgotten."""

    def create(self, record: RunRecord, once: Idempotency | None = None) -> None:
        """See `RunStore`."""


def create() -> FastAPI:
    """The factory for uvicorn."""
    maker, accounts = KeyMaker(("a pepper of the benchmark, long enough",)), Accounts(items=MemoryItems())
    record, text = maker.make(TENANT, "bench", tuple(Scope), now())
    accounts.create_tenant(TENANT, QUOTA)
    accounts.add_key(record)
    keys = KeyRing(accounts=accounts, maker=maker, rates=NoRates())
    app = build(_ports(keys))

    @app.post(EMPTY)
    async def empty(request: Request) -> Response:
        await request.body()
        return Response(b"{}", 202, {"Location": "/v1/runs/run_0"}, JSON)

    @app.post(KEYED)
    async def keyed(request: Request, caller: Annotated[Caller, Depends(keys.needs(Scope.RUNS_WRITE))]) -> Response:
        return await empty(request)

    @app.get(KEY)
    async def key() -> PlainTextResponse:
        return PlainTextResponse(text)

    return app


def _ports(keys: KeyRing) -> Ports:
    flows, runs, nowhere = MemoryFlows(), NoRuns(), Nowhere()
    flows.publish([FLOW])
    artifacts = ArtifactStore(cold=NoObjects(), hot=NoObjects(), envelope=MemoryEnvelope())
    acceptance = Acceptance(
        runs=runs, flow_store=flows, artifacts=artifacts, starter=nowhere, allowed_hosts=frozenset()
    )
    links = ReportLinks(("a secret of the benchmark, long enough",))
    return Ports(
        keys=keys, runs=runs, acceptance=acceptance,
        admission=Admission(flows=acceptance.flows, pressure=MemoryPressure({})), reader=ParserPool(),
        control=Control(runs=runs, flows=acceptance.flows, asker=nowhere),
        reports=Reports(runs=runs, artifacts=artifacts, links=links, painter=PagePool()), max_body_bytes=8 << 20,
    )  # fmt: skip


if __name__ == "__main__":
    serve("tests.bench.front_app:create")
