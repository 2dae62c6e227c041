"""The routes that show runs and flows."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator

from millrace.contracts.access import Scope
from millrace.contracts.api import FlowList, FlowView, RunPage, RunView
from millrace.contracts.base import Timestamp
from millrace.contracts.ids import RUN_ID
from millrace.contracts.run import RunRecord, RunStatus
from millrace.contracts.views import run_view
from millrace.ingestion.auth import Caller
from millrace.ingestion.cursors import read_cursor, write_cursor
from millrace.ingestion.documented import responses
from millrace.ingestion.listing import Wanted, page
from millrace.ingestion.ports import Ports
from millrace.storage.errors import NotFound

MAX_PAGE = 100
_WRITTEN_OUT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def _written_out(value: object) -> object:
    """A time as RFC 3339 writes it. Pydantic takes numbers too, which nobody is told of."""
    if isinstance(value, str) and not _WRITTEN_OUT.match(value):
        raise ValueError("a time is written like 2026-03-01T12:00:00Z")
    return value


Moment = Annotated[Timestamp | None, BeforeValidator(_written_out)]


def add_reads(api: APIRouter, ports: Ports) -> None:
    """Offer `GET /runs`, `GET /runs/{id}` and `GET /flows`."""
    reader = Annotated[Caller, Depends(ports.keys.needs(Scope.RUNS_READ))]

    def view(record: RunRecord) -> RunView:
        flow = ports.acceptance.flows().get(record.flow)
        begun = len(record.stages)
        pending = tuple(stage.name for stage in flow.stages[begun:]) if flow and not record.status.terminal else ()
        return run_view(record, pending)

    @api.get("/runs", response_model=RunPage, responses=responses(422))
    def list_runs(
        caller: reader,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
        cursor: Annotated[str | None, Query(description="Of the page before.")] = None,
        status: RunStatus | None = None,
        flow: Annotated[str | None, Query(max_length=64)] = None,
        since: Annotated[Moment, Query(description="Accepted at this time or later, with its zone.")] = None,
        until: Annotated[Moment, Query(description="Accepted before this time, with its zone.")] = None,
    ) -> RunPage:
        """The tenant's runs, newest first. A page ends at `limit`, or after a thousand runs were looked at: only a
        page without a cursor is the last.
        """
        wanted = Wanted(
            limit=limit, status=status, flow=flow, since=since, until=until, after=read_cursor(cursor)
        )  # fmt: skip
        found = page(ports.runs, caller.tenant, wanted)
        return RunPage(runs=tuple(map(view, found.records)), cursor=write_cursor(found.cursor))

    @api.get("/runs/{run_id}", response_model=RunView, responses=responses(404))
    def get_run(caller: reader, run_id: str) -> RunView:
        """One run: its state, stages, steps, gaps and callback."""
        if not RUN_ID.match(run_id):
            raise NotFound("no such run")
        return view(ports.runs.get(caller.tenant, run_id))

    @api.get("/flows", response_model=FlowList, responses=responses())
    def list_flows(caller: reader) -> FlowList:
        """The flows that may be asked for."""
        known = ports.acceptance.flows().values()
        return FlowList(flows=tuple(FlowView.model_validate(flow.model_dump()) for flow in known))
