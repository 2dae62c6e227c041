"""`POST /v1/runs`: decode, call, encode."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from millrace.contracts.access import Scope
from millrace.contracts.api import Accepted
from millrace.contracts.artifacts import JSON
from millrace.contracts.flow import Flow
from millrace.ingestion.accept import Request as AcceptRequest
from millrace.ingestion.auth import Caller
from millrace.ingestion.body import Options
from millrace.ingestion.errors import BadRequest
from millrace.ingestion.limited import read_limited
from millrace.ingestion.ports import Ports


def pairs(values: list[str], separator: str, option: str) -> dict[str, str]:
    """Repeated `key<separator>value` options as a dict."""
    split = [value.partition(separator) for value in values]
    if any(not sign or not key for key, sign, _ in split):
        raise BadRequest(f"{option} takes key{separator}value")
    return {key.strip(): value.strip() for key, _, value in split}


def add_submit(api: APIRouter, ports: Ports) -> None:
    """Offer `POST /runs`."""

    @api.post("/runs", status_code=202, response_model=Accepted)
    async def submit(
        request: Request,
        caller: Annotated[Caller, Depends(ports.keys.needs(Scope.RUNS_WRITE))],
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
        tenant = caller.tenant
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
