"""The routes that show runs and flows."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from millrace.contracts.access import Scope
from millrace.contracts.api import FlowList, FlowView, RunPage, RunView
from millrace.contracts.ids import RUN_ID
from millrace.contracts.run import RunRecord, RunStatus
from millrace.contracts.views import run_view, settled
from millrace.ingestion.auth import Caller
from millrace.ingestion.ports import Ports
from millrace.storage.errors import NotFound

MAX_PAGE = 100


def add_reads(api: APIRouter, ports: Ports) -> None:
    """Offer `GET /runs`, `GET /runs/{id}` and `GET /flows`."""
    reader = Annotated[Caller, Depends(ports.keys.needs(Scope.RUNS_READ))]

    def view(record: RunRecord) -> RunView:
        flow = ports.acceptance.flows().get(record.flow)
        begun = len(record.stages)
        pending = tuple(stage.name for stage in flow.stages[begun:]) if flow and not record.status.terminal else ()
        return run_view(record, pending)

    @api.get("/runs", response_model=RunPage)
    def runs(
        caller: reader,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
        cursor: str | None = None,
        status: RunStatus | None = None,
    ) -> RunPage:
        """The tenant's runs, newest first. `status` filters the page, which may leave it short of `limit`."""
        page = ports.runs.page(caller.tenant, limit, cursor)
        found = [record for record in page.records if status in (None, settled(record).status)]
        return RunPage(runs=tuple(view(record) for record in found), cursor=page.cursor)

    @api.get("/runs/{run_id}", response_model=RunView)
    def run(caller: reader, run_id: str) -> RunView:
        """One run: its state, stages, steps, gaps and callback."""
        if not RUN_ID.match(run_id):
            raise NotFound("no such run")
        return view(ports.runs.get(caller.tenant, run_id))

    @api.get("/flows", response_model=FlowList)
    def flows(caller: reader) -> FlowList:
        """The flows that may be asked for."""
        known = ports.acceptance.flows().values()
        return FlowList(flows=tuple(FlowView.model_validate(flow.model_dump()) for flow in known))
