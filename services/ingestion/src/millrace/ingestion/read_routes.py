"""The routes that show runs and flows."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator

from millrace.contracts.access import Scope
from millrace.contracts.api import FlowList, FlowView, RunPage, RunView
from millrace.contracts.base import Timestamp
from millrace.contracts.run import RunRecord, RunStatus
from millrace.contracts.views import run_view
from millrace.ingestion.auth import Caller
from millrace.ingestion.cursors import read_cursor, write_cursor
from millrace.ingestion.documented import responses
from millrace.ingestion.listing import Wanted, page
from millrace.ingestion.ports import Ports
from millrace.ingestion.run_ids import RunInPath
from millrace.ingestion.threads import Threads

MAX_PAGE = 100
LISTS = 8
"""Lists that are read at a time: one may look at a thousand runs, and is to hold up no route but its own."""
_WRITTEN_OUT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def _written_out(value: object) -> object:
    """A time as RFC 3339 writes it. Pydantic takes numbers too, which nobody is told of."""
    if isinstance(value, str) and not _WRITTEN_OUT.match(value):
        raise ValueError("a time is written like 2026-03-01T12:00:00Z")
    return value


Moment = Annotated[Timestamp | None, BeforeValidator(_written_out)]


async def _wanted(
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    cursor: Annotated[str | None, Query(description="Of the page before.")] = None,
    status: RunStatus | None = None,
    flow: Annotated[str | None, Query(max_length=64)] = None,
    since: Annotated[Moment, Query(description="Accepted at this time or later, with its zone.")] = None,
    until: Annotated[Moment, Query(description="Accepted before this time, with its zone.")] = None,
) -> Wanted:
    """The page that a query asks for."""
    return Wanted(limit=limit, status=status, flow=flow, since=since, until=until, after=read_cursor(cursor))


def add_reads(api: APIRouter, ports: Ports) -> None:
    """Offer `GET /runs`, `GET /runs/{id}` and `GET /flows`."""
    _add_runs(api, ports)
    reader = Annotated[Caller, Depends(ports.keys.needs(Scope.RUNS_READ))]

    @api.get("/flows", response_model=FlowList, responses=responses())
    def list_flows(caller: reader) -> FlowList:
        """The flows that may be asked for."""
        known = ports.acceptance.flows().values()
        return FlowList(flows=tuple(FlowView.model_validate(flow.model_dump()) for flow in known))


def _add_runs(api: APIRouter, ports: Ports) -> None:
    reader = Annotated[Caller, Depends(ports.keys.needs(Scope.RUNS_READ))]

    def view(record: RunRecord) -> RunView:
        flow = ports.acceptance.flows().get(record.flow)
        begun = len(record.stages)
        pending = tuple(stage.name for stage in flow.stages[begun:]) if flow and not record.status.terminal else ()
        return run_view(record, pending)

    def listed(tenant: str, wanted: Wanted) -> RunPage:
        found = page(ports.runs, tenant, wanted)
        return RunPage(runs=tuple(map(view, found.records)), cursor=write_cursor(found.cursor))

    lists = Threads(ThreadPoolExecutor(LISTS, thread_name_prefix="lists"))

    @api.get("/runs", response_model=RunPage, responses=responses(422))
    async def list_runs(caller: reader, wanted: Annotated[Wanted, Depends(_wanted)]) -> RunPage:
        """The tenant's runs, newest first. A page ends at `limit`, or after a thousand runs were looked at: only a
        page without a cursor is the last.
        """
        return await lists.run(listed, caller.tenant, wanted)

    @api.get("/runs/{run_id}", response_model=RunView, responses=responses(404))
    def get_run(caller: reader, run_id: RunInPath) -> RunView:
        """One run: its state, stages, steps, gaps and callback."""
        return view(ports.runs.get(caller.tenant, run_id))
