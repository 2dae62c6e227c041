"""`POST /v1/runs`: decode, call, encode."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from millrace.contracts.access import Scope
from millrace.contracts.api import Accepted
from millrace.contracts.artifacts import JSON
from millrace.ingestion import from_upload, tracing
from millrace.ingestion.accept import Answer
from millrace.ingestion.accept import Request as AcceptRequest
from millrace.ingestion.admission import may_name_its_budget, told
from millrace.ingestion.auth import Caller
from millrace.ingestion.body import Options, ReadBody, read_light
from millrace.ingestion.documented import responses
from millrace.ingestion.errors import Overloaded, QuotaUsedUp, UploadClaimed
from millrace.ingestion.idempotency import HEADER, LONGEST, REPLAYED, Inflight, Once, fingerprint, key_of
from millrace.ingestion.limited import BODIES, BODIES_OF_TENANT, Room, read_limited
from millrace.ingestion.ports import Ports
from millrace.ingestion.submit_body import described_body
from millrace.ingestion.submit_query import described, read_query
from millrace.ingestion.threads import Threads
from millrace.storage.errors import NotFound

_DESCRIBED: dict[str, Any] = {
    "parameters": [
        {
            "name": HEADER, "in": "header", "required": True,
            "description": (
                "Any string that is used for this request alone, such as a UUID; bare or in quotes. For 24 hours at "
                "least, the same request with the same key gets the first answer again, and makes no second run."
            ),
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
        },
        *described(),
    ],
    **described_body(),
}  # fmt: skip


def add_submit(api: APIRouter, ports: Ports) -> None:
    """Offer `POST /runs`."""
    submission = Submission(ports)

    @api.post(
        "/runs", status_code=202, response_model=Accepted, openapi_extra=_DESCRIBED,
        responses=responses(
            400, 404, 409, 413, 415, 422, headers={202: ("Location", REPLAYED), 409: ("Retry-After",)}
        ),
    )  # fmt: skip
    async def submit_run(
        request: Request,
        caller: Annotated[Caller, Depends(ports.keys.needs(Scope.RUNS_WRITE))],
    ) -> Response:
        """Accept a batch: JSON, NDJSON, CSV, TSV, XLSX, Parquet, EML, MBOX, or a transcript as text or PDF.

        Each of them also as .gz, or by the `upload_id` of an upload, in the query or in a JSON body of options. The
        content decides what it is, else the media type, else `filename`.
        """
        options, upload_id = read_query(request.query_params, request.headers.get("content-type", "").lower())
        return _response(await submission.take(request, caller.tenant, options, upload_id))


class Submission:
    """From a request to its answer. One thread hop for what JSON holds, two for a file."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._inflight = Inflight()
        size = ports.max_body_bytes
        self._room = Room(most=BODIES * size, most_of_tenant=BODIES_OF_TENANT * size)
        self._threads = Threads()

    async def take(self, request: Request, tenant: str, options: Options, upload_id: str = "") -> Answer:
        """The answer to a request that makes a run once."""
        key = key_of(request.headers.getlist(HEADER))
        with self._room.hold(tenant) as more:
            # Read to its end even if it is refused: a client that still sends would not see the answer.
            data = await read_limited(request, self._ports.max_body_bytes, more)
            return await self._take(request, tenant, options, data, key, upload_id)

    async def _take(
        self, request: Request, tenant: str, options: Options, data: bytes, key: str, upload_id: str
    ) -> Answer:
        query = request.query_params.multi_items()
        once = Once(key=key, fingerprint=fingerprint(request.method, request.url.path, query, options.media_type, data))
        asked = from_upload.wanted(data, options, upload_id)
        with self._inflight.hold(tenant, key):
            answer = await self._once(request, tenant, options, data, once, asked)
            if asked is not None and self._ports.uploads is not None:
                # After a repeat too: the process that accepted the run may have been killed before it came to this.
                await from_upload.used(self._ports.uploads, tenant, asked)
            return answer

    async def _once(
        self, request: Request, tenant: str, options: Options, data: bytes, once: Once, asked: from_upload.Wanted | None
    ) -> Answer:
        view = await self._ports.admission.view()
        refusal = view.refusal(options)
        # Quicker read than the day's counters are asked, which a run is counted in before it is made anyway.
        readable = asked is None and (refusal is None or may_name_its_budget(data))
        light = read_light(data, options) if readable else None
        used_up = await self._ports.keys.used_up(tenant) if light is None else None
        if refusal is not None or used_up is not None:
            again = await self._turned_away(tenant, options, data, once, refusal, used_up)
            if again is not None:
                return again
        found = light or await self._read(tenant, data, options, once, asked)
        if isinstance(found, Answer):
            return found
        refusal = view.refusal(found.options)
        if refusal is not None:
            raise told(refusal, tenant, found.options)
        wanted = AcceptRequest(
            tenant=tenant, batch=found, once=once, traceparent=tracing.place_of(request),
            received_at=request.state.received_at,
        )  # fmt: skip
        try:
            return await self._counted(wanted, asked)
        except (QuotaUsedUp, UploadClaimed, NotFound):
            # The first of two with one key may just have used up what the second needs.
            again = await self._threads.run(self._ports.acceptance.answered, tenant, once)
            if again is None:
                raise
            return again

    async def _turned_away(
        self, tenant: str, options: Options, data: bytes, once: Once, refusal: Overloaded | None,
        used_up: QuotaUsedUp | None,
    ) -> Answer | None:  # fmt: skip
        """What was accepted before is let through to its first answer, and a body that may name its own budget to be
        read: None. Else the refusal is raised.
        """
        again = await self._threads.run(self._ports.acceptance.answered, tenant, once)
        if again is None and used_up is not None:
            raise used_up
        if again is None and refusal is not None and not may_name_its_budget(data):
            raise told(refusal, tenant, options)
        return again

    async def _counted(self, wanted: AcceptRequest, asked: from_upload.Wanted | None) -> Answer:
        """The answer to a batch. What there is only so much of is taken before: of two at a time, one gets it."""
        give_back = await self._ports.keys.reserve(wanted.tenant, wanted.batch.records)
        answer = None
        try:
            answer = await self._accepted(wanted, asked)
        finally:
            if answer is None or answer.replayed:
                await give_back()
        return answer

    async def _accepted(self, wanted: AcceptRequest, asked: from_upload.Wanted | None) -> Answer:
        if asked is None or self._ports.uploads is None:
            return await self._threads.run(self._ports.acceptance.accept, wanted)
        async with from_upload.claimed(self._ports.uploads, wanted.tenant, asked, wanted.once):
            return await self._threads.run(self._ports.acceptance.accept, wanted)

    async def _read(
        self, tenant: str, data: bytes, options: Options, once: Once, asked: from_upload.Wanted | None
    ) -> ReadBody | Answer:
        """The batch in a file, or the answer that it had before: parsing it costs more than a look."""
        again = await self._threads.run(self._ports.acceptance.answered, tenant, once)
        if again is not None or asked is None or self._ports.uploads is None:
            return again or await self._ports.reader.read(tenant, data, options)
        return await from_upload.read(self._ports.uploads, tenant, asked)


def _response(answer: Answer) -> Response:
    headers = {"Location": answer.location} | ({REPLAYED: "true"} if answer.replayed else {})
    return Response(answer.body, 202, headers, JSON)
