"""The routes of uploads: large files go past the API, straight to the object store."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from millrace.contracts.access import Scope
from millrace.contracts.artifacts import JSON
from millrace.contracts.uploads import CompleteRequest, UploadRequest, UploadView
from millrace.ingestion.auth import Caller, KeyRing
from millrace.ingestion.documented import responses
from millrace.ingestion.limited import read_model, takes
from millrace.ingestion.uploads import UploadDesk

MAX_TAGS_BYTES = 64 << 10
"""Of a body that names the parts: a gibibyte has 128 of them, 80 bytes each."""
_PRIVATE = {"Cache-Control": "no-store"}
"""Whoever has an address may write to it."""


def add_uploads(api: APIRouter, keys: KeyRing, desk: UploadDesk) -> None:
    """Offer `POST /uploads`, `GET` and `DELETE /uploads/{id}` and `POST /uploads/{id}/complete`."""
    _add_start(api, keys, desk)
    _add_end(api, keys, desk)


def _add_start(api: APIRouter, keys: KeyRing, desk: UploadDesk) -> None:
    writer = Annotated[Caller, Depends(keys.needs(Scope.RUNS_WRITE))]

    @api.post(
        "/uploads", status_code=201, response_model=UploadView, openapi_extra=takes(UploadRequest, required=True),
        responses=responses(413, 422, headers={201: ("Location",)}),
    )  # fmt: skip
    async def open_upload(request: Request, caller: writer) -> Response:
        """Ask for a place for a large file: the addresses of its parts, each to be sent with PUT and without a key.

        When all have arrived, complete the upload and make a run of it with `POST /v1/runs`.
        """
        wanted = await read_model(request, UploadRequest)
        view = await run_in_threadpool(desk.open, caller.tenant, wanted, caller.quota.open_uploads)
        return _answer(view, 201, Location=view.links["self"])

    @api.get("/uploads/{upload_id}", response_model=UploadView, responses=responses(404))
    async def get_upload(caller: writer, upload_id: str) -> Response:
        """How far an upload is: what has arrived, and new addresses for what has not."""
        return _answer(await run_in_threadpool(desk.show, caller.tenant, upload_id))


def _add_end(api: APIRouter, keys: KeyRing, desk: UploadDesk) -> None:
    writer = Annotated[Caller, Depends(keys.needs(Scope.RUNS_WRITE))]

    @api.post(
        "/uploads/{upload_id}/complete", response_model=UploadView, openapi_extra=takes(CompleteRequest),
        responses=responses(404, 409, 413, 422),
    )  # fmt: skip
    async def complete_upload(request: Request, caller: writer, upload_id: str) -> Response:
        """Make one file of the parts. ETags need not be told; those that are must be the store's."""
        wanted = await read_model(request, CompleteRequest, MAX_TAGS_BYTES)
        tags = {each.part: each.etag for each in wanted.parts}
        return _answer(await run_in_threadpool(desk.complete, caller.tenant, upload_id, tags))

    @api.delete("/uploads/{upload_id}", status_code=204, responses=responses(404))
    async def abort_upload(caller: writer, upload_id: str) -> Response:
        """Forget an upload and all that has arrived of it."""
        await run_in_threadpool(desk.abort, caller.tenant, upload_id)
        return Response(status_code=204)


def _answer(view: UploadView, status: int = 200, **headers: str) -> Response:
    return Response(view.model_dump_json(), status, _PRIVATE | headers, JSON)
