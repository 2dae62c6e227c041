"""Where a run's time went, and why: from its record, next to those of the tenant's other runs of the flow."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from millrace.contracts.access import Scope
from millrace.contracts.artifacts import HTML, JSON
from millrace.contracts.base import now
from millrace.contracts.journey import RunJourney
from millrace.contracts.run import RunRecord, RunStatus
from millrace.ingestion.auth import Caller
from millrace.ingestion.documented import responses
from millrace.ingestion.ports import Ports
from millrace.ingestion.report_routes import PRIVATE, SEALED, wants_page
from millrace.ingestion.run_ids import RunInPath
from millrace.ingestion.threads import Threads
from millrace.journey import MOST, alike, comparable, earlier, journey
from millrace.storage.errors import NotFound
from millrace.storage.ports import RunStore

PATIENCE_S: Final = 0.3
"""For runs to compare with. A page that is being read is read to its end."""
STEP: Final = 20
MOST_LOOKED_AT: Final = 200
AT_ONCE: Final = 4
"""Journeys that are made at a time: each reads many records, and is to hold up no route but its own."""


@dataclass(frozen=True, kw_only=True)
class Journeys:
    """Makes journeys of run records."""

    runs: RunStore
    datadog_url: str = ""
    clock: Callable[[], datetime] = now
    timer: Callable[[], float] = time.monotonic

    def find(self, tenant: str, run_id: str, attempt: int | None) -> RunJourney:
        """The journey of the present attempt, or of the one that is asked for; NotFound when the run has none such."""
        record = self.runs.get(tenant, run_id)
        if attempt is not None and attempt != record.attempt:
            found = earlier(record, attempt)
            if found is None:
                raise NotFound("no such attempt")
            return found
        return journey(record, self._recent(record), self.clock(), self.datadog_url)

    def _recent(self, record: RunRecord) -> list[RunRecord]:
        """Runs that it may be compared with, until there are enough of its size or it has taken long enough."""
        found: list[RunRecord] = []
        near, until = 0, self.timer() + PATIENCE_S
        for looked, other in enumerate(self._others(record), start=1):
            if comparable(record, other):
                found.append(other)
                near += other.status is RunStatus.COMPLETED and alike(record, other)
            if near == MOST or looked == MOST_LOOKED_AT or self.timer() > until:
                break
        return found

    def _others(self, record: RunRecord) -> Iterator[RunRecord]:
        """The tenant's runs before it, the latest first; then those after it, the newest first."""
        yield from self._newest_first(record.tenant, record.run_id)
        for other in self._newest_first(record.tenant, None):
            if other.run_id <= record.run_id:
                return
            yield other

    def _newest_first(self, tenant: str, before: str | None) -> Iterator[RunRecord]:
        while True:
            read = self.runs.page(tenant, STEP, before)
            yield from read.records
            before = read.cursor
            if before is None:
                return


def add_journey(api: APIRouter, ports: Ports) -> None:
    """`GET /runs/{run_id}/journey`."""
    reader = Annotated[Caller, Depends(ports.keys.needs(Scope.RUNS_READ))]
    journeys = Journeys(runs=ports.runs, datadog_url=ports.datadog_url)
    threads = Threads(ThreadPoolExecutor(AT_ONCE, thread_name_prefix="journeys"))
    answers: dict[int | str, dict[str, Any]] = {200: {"content": {HTML: {}}}}

    def made(tenant: str, run_id: str, attempt: int | None, *, as_page: bool) -> bytes:
        found = journeys.find(tenant, run_id, attempt)
        if not as_page:
            return found.model_dump_json().encode()
        # Templates are only loaded where a page is asked for.
        from millrace.journey.page import page

        return page(found).encode()

    @api.get("/runs/{run_id}/journey", response_model=RunJourney, responses=answers | responses(404, 422))
    async def get_journey(
        request: Request,
        caller: reader,
        run_id: RunInPath,
        attempt: Annotated[int | None, Query(ge=1, description="An earlier one: only its stages are known.")] = None,
    ) -> Response:
        """Where the time of the run's present attempt went, and why, next to what is normal for its flow; also while
        it is at work. JSON, or a self-contained page where `Accept` names HTML first.
        """
        as_page = wants_page(request.headers.get("accept", ""))
        data = await threads.run(partial(made, as_page=as_page), caller.tenant, run_id, attempt)
        if not as_page:
            return Response(data, media_type=JSON)
        return Response(data, media_type=f"{HTML}; charset=utf-8", headers=PRIVATE | SEALED)
