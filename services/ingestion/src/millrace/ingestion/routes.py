"""The HTTP API's routes: decode, call, encode."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from millrace.contracts.api import Accepted, FlowList, FlowView, RunPage, RunView
from millrace.contracts.artifacts import JSON
from millrace.contracts.flow import Flow
from millrace.contracts.ids import RUN_ID
from millrace.contracts.run import RunRecord, RunStatus
from millrace.contracts.views import run_view, settled
from millrace.ingestion.accept import Acceptance
from millrace.ingestion.accept import Request as AcceptRequest
from millrace.ingestion.adapters import Reader
from millrace.ingestion.admission import Admission
from millrace.ingestion.auth import KeyRing
from millrace.ingestion.body import Options
from millrace.ingestion.control import Control
from millrace.ingestion.control_routes import add_control
from millrace.ingestion.errors import BadRequest
from millrace.ingestion.limited import read_limited
from millrace.ingestion.report_routes import Reports, add_report
from millrace.storage.errors import NotFound
from millrace.storage.ports import RunStore

MAX_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the routes need."""

    keys: KeyRing
    runs: RunStore
    acceptance: Acceptance
    admission: Admission
    control: Control
    reader: Reader
    reports: Reports
    max_body_bytes: int


def pairs(values: list[str], separator: str, option: str) -> dict[str, str]:
    """Repeated `key<separator>value` options as a dict."""
    split = [value.partition(separator) for value in values]
    if any(not sign or not key for key, sign, _ in split):
        raise BadRequest(f"{option} takes key{separator}value")
    return {key.strip(): value.strip() for key, _, value in split}


def router(ports: Ports) -> APIRouter:
    """Every route of version 1."""
    api = APIRouter(prefix="/v1")
    _add_submit(api, ports)
    _add_reads(api, ports)
    add_control(api, ports.keys, ports.control)
    add_report(api, ports.keys, ports.reports)
    return api


def _add_submit(api: APIRouter, ports: Ports) -> None:
    @api.post("/runs", status_code=202, response_model=Accepted)
    async def submit(
        request: Request,
        flow: str = "customer-feedback",
        callback_url: str | None = None,
        deadline_s: float | None = None,
        scale: str = "",
        filename: str = "",
        map: Annotated[list[str], Query()] = [],  # noqa: B006 - the option's public name
        meta: Annotated[list[str], Query()] = [],  # noqa: B006
    ) -> Response:
        """Accept a batch: JSON, NDJSON, CSV, TSV, XLSX, Parquet, EML, MBOX, or a transcript as text or PDF.

        Each of them also as .gz. The content decides what it is, else the media type, else `filename`.
        """
        tenant = ports.keys.tenant(request)
        options = Options(
            flow=flow, callback_url=callback_url, deadline_s=deadline_s, scale=scale, filename=filename,
            metadata=pairs(meta, ":", "meta"), mapping=pairs(map, ":", "map"),
            media_type=request.headers.get("content-type", "").lower(),
        )  # fmt: skip
        key = request.headers.get("idempotency-key", "")
        # Read to its end even if it is refused: a client that still sends would not see the answer.
        data = await read_limited(request, ports.max_body_bytes)
        await run_in_threadpool(ports.admission.check_early, data, options, tenant, key)
        batch = await ports.reader.read(data, options)

        def check() -> Flow:
            found = ports.acceptance.check(batch.options)
            ports.admission.check(batch.options, tenant, key)
            return found

        chosen = await run_in_threadpool(check)
        wanted = AcceptRequest(
            tenant=tenant, flow=chosen, batch=batch, traceparent=request.headers.get("traceparent"),
            idempotency_key=key,
        )  # fmt: skip
        accepted = await run_in_threadpool(ports.acceptance.accept, wanted)
        return Response(accepted.model_dump_json(), 202, {"Location": accepted.links["self"]}, JSON)


def _add_reads(api: APIRouter, ports: Ports) -> None:
    def find(request: Request, run_id: str) -> RunRecord:
        tenant = ports.keys.tenant(request)
        if not RUN_ID.match(run_id):
            raise NotFound("no such run")
        return ports.runs.get(tenant, run_id)

    def view(record: RunRecord) -> RunView:
        flow = ports.acceptance.flows().get(record.flow)
        begun = len(record.stages)
        pending = tuple(stage.name for stage in flow.stages[begun:]) if flow and not record.status.terminal else ()
        return run_view(record, pending)

    @api.get("/runs", response_model=RunPage)
    def runs(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
        cursor: str | None = None,
        status: RunStatus | None = None,
    ) -> RunPage:
        """The tenant's runs, newest first. `status` filters the page, which may leave it short of `limit`."""
        page = ports.runs.page(ports.keys.tenant(request), limit, cursor)
        found = [record for record in page.records if status in (None, settled(record).status)]
        return RunPage(runs=tuple(view(record) for record in found), cursor=page.cursor)

    @api.get("/runs/{run_id}", response_model=RunView)
    def run(request: Request, run_id: str) -> RunView:
        """One run: its state, stages, steps, gaps and callback."""
        return view(find(request, run_id))

    @api.get("/flows", response_model=FlowList)
    def flows(request: Request) -> FlowList:
        """The flows that may be asked for."""
        ports.keys.tenant(request)
        known = ports.acceptance.flows().values()
        return FlowList(flows=tuple(FlowView.model_validate(flow.model_dump()) for flow in known))
