"""The report: as JSON or as a page, for whoever has the tenant's key or a link that opens it."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from millrace.contracts.access import Scope
from millrace.contracts.artifacts import HTML, JSON
from millrace.contracts.views import attempts, settled
from millrace.ingestion.adapters import Painter
from millrace.ingestion.auth import Caller, KeyRing, Needs
from millrace.ingestion.documented import responses
from millrace.ingestion.run_ids import RunInPath
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.errors import BadLink, NotFound
from millrace.storage.links import ReportLinks
from millrace.storage.ports import RunStore

PRIVATE = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "Vary": "Accept"}
"""The address itself may open the report, so it is kept out of caches and of other sites' logs."""
SEALED = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}
"""A page that asks nothing of anybody: customers wrote what it quotes."""


@dataclass(frozen=True, kw_only=True)
class Reports:
    """Finds reports and makes pages of them."""

    runs: RunStore
    artifacts: ArtifactStore
    links: ReportLinks
    painter: Painter

    def find(self, tenant: str, run_id: str, attempt: int | None) -> bytes:
        """The report of the attempt that ended last, or of the one that is asked for; NotFound while there is none."""
        record = self.runs.get(tenant, run_id)
        ends = attempts(record) if attempt else (settled(record),)
        found = next((end.report for end in ends if attempt in (None, end.attempt)), None)
        if found is None:
            raise NotFound("no report yet")
        return self.artifacts.get(record.tenant, found)

    def opened(self, token: str, run_id: str, attempt: int | None) -> str:
        """The tenant whose report the link opens; BadLink when it opens another one."""
        link = self.links.read(token)
        if (link.run_id, link.attempt) != (run_id, attempt):
            raise BadLink("the link opens another report")
        return link.tenant


def wants_page(accept: str) -> bool:
    """Whether a page is asked for: HTML is named, and JSON is not named before it. Browsers do so."""
    kinds = [each.partition(";")[0].strip().lower() for each in accept.split(",")]
    return HTML in kinds and JSON not in kinds[: kinds.index(HTML)]


@dataclass(frozen=True, eq=False)
class OpensReport(Needs):
    """Lets a request pass that has a key with the scope, or a link that opens this very report."""

    reports: Reports

    async def __call__(  # type: ignore[override]
        self,
        request: Request,
        run_id: str,
        attempt: Annotated[int | None, Query(ge=1)] = None,
        token: Annotated[str, Query(description="Out of a callback's link; stands in for the API key.")] = "",
    ) -> Caller:
        """See `Needs`; BadLink when the link opens nothing here, or its tenant has no access."""
        if not token:
            return await super().__call__(request)
        tenant = await self.keys.active(self.reports.opened(token, run_id, attempt))
        if tenant is None:
            raise BadLink("the link opens nothing any more")
        caller = Caller(tenant=tenant.tenant, scopes=frozenset({self.scope}), quota=tenant.quota)
        await self.keys.admit(request, caller)
        return caller


def add_report(api: APIRouter, keys: KeyRing, reports: Reports) -> None:
    """`GET /runs/{run_id}/report`."""
    answers: dict[int | str, dict[str, Any]] = {200: {"content": {JSON: {}, HTML: {}}}}

    @api.get("/runs/{run_id}/report", response_class=Response, responses=answers | responses(404, 406))
    async def get_report(
        request: Request,
        caller: Annotated[Caller, Depends(OpensReport(keys, Scope.RUNS_READ, reports))],
        run_id: RunInPath,
        attempt: Annotated[int | None, Query(ge=1)] = None,
    ) -> Response:
        """The report of the attempt that ended last, or of the one that is asked for; 404 while there is none.

        JSON, or a self-contained page where `Accept` names HTML first. `token`, out of a callback's link, stands in
        for the API key.
        """
        data = await run_in_threadpool(reports.find, caller.tenant, run_id, attempt)
        if not wants_page(request.headers.get("accept", "")):
            return Response(data, media_type=JSON, headers=PRIVATE)
        page = await reports.painter.page(data)
        return Response(page, media_type=f"{HTML}; charset=utf-8", headers=PRIVATE | SEALED)
