"""The routes of callback endpoints: their secrets, their log, and deliveries that are asked for."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from millrace.contracts.access import Scope
from millrace.contracts.base import now
from millrace.contracts.endpoints import (
    DeliveryPage,
    EndpointChange,
    EndpointPage,
    EndpointRequest,
    EndpointSecrets,
    EndpointView,
    ProbeAsked,
    ReplayAsked,
    endpoint_view,
    secrets_view,
)
from millrace.contracts.ids import ENDPOINT_ID
from millrace.ingestion.auth import Caller, KeyRing
from millrace.ingestion.cursors import read_cursor, write_cursor
from millrace.ingestion.documented import responses
from millrace.ingestion.limited import read_model, takes
from millrace.ingestion.redelivery import Redelivery
from millrace.ingestion.registrar import Registrar
from millrace.ingestion.run_ids import RunInPath
from millrace.storage.errors import NotFound

MAX_PAGE = 100
PER_MINUTE = 10
"""Tests of an endpoint, and replays of a run's callback: each is a request to somebody else's server."""
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Cursor = Annotated[str | None, Query(max_length=512)]
EndpointId = Annotated[str, Path(description="`ep_` and 26 characters.")]


@dataclass(frozen=True, kw_only=True)
class Callbacks:
    """What the routes need of the outside."""

    registrar: Registrar
    redelivery: Redelivery


def add_endpoints(api: APIRouter, keys: KeyRing, callbacks: Callbacks) -> None:
    """Offer `/endpoints` and `POST /runs/{id}/callback/replay`."""
    _add_list(api, keys, callbacks.registrar)
    _add_one(api, keys, callbacks.registrar)
    _add_secrets(api, keys, callbacks.registrar)
    _add_deliveries(api, keys, callbacks.registrar, callbacks.redelivery)


def _known(endpoint: str) -> str:
    if not ENDPOINT_ID.match(endpoint):
        raise NotFound("no such endpoint")
    return endpoint


def _add_list(api: APIRouter, keys: KeyRing, registrar: Registrar) -> None:
    writer = Annotated[Caller, Depends(keys.needs(Scope.CALLBACKS_WRITE))]
    reader = Annotated[Caller, Depends(keys.needs(Scope.CALLBACKS_READ))]

    @api.post(
        "/endpoints", status_code=201, response_model=EndpointView,
        responses=responses(409, 413, 422, headers={201: ("Location",)}),
        openapi_extra=takes(EndpointRequest, required=True),
    )  # fmt: skip
    async def register_endpoint(request: Request, caller: writer, response: Response) -> EndpointView:
        """Register a URL for callbacks. A run that names a new one registers it by itself."""
        wanted = await read_model(request, EndpointRequest)
        record = await run_in_threadpool(registrar.register, caller.tenant, wanted.url, wanted.secret)
        response.headers["Location"] = f"/v1/endpoints/{record.endpoint_id}"
        return endpoint_view(record, now())

    @api.get("/endpoints", response_model=EndpointPage, responses=responses(422))
    def list_endpoints(caller: reader, limit: Limit = 20, cursor: Cursor = None) -> EndpointPage:
        """The tenant's endpoints, by their ids."""
        page = registrar.endpoints.page(caller.tenant, limit, read_cursor(cursor))
        views = tuple(endpoint_view(record, now()) for record in page.records)
        return EndpointPage(endpoints=views, cursor=write_cursor(page.cursor))


def _add_one(api: APIRouter, keys: KeyRing, registrar: Registrar) -> None:
    writer = Annotated[Caller, Depends(keys.needs(Scope.CALLBACKS_WRITE))]
    reader = Annotated[Caller, Depends(keys.needs(Scope.CALLBACKS_READ))]
    endpoints = registrar.endpoints

    @api.get("/endpoints/{endpoint_id}", response_model=EndpointView, responses=responses(404))
    def get_endpoint(caller: reader, endpoint_id: EndpointId) -> EndpointView:
        """One endpoint, without its secrets."""
        return endpoint_view(endpoints.get(caller.tenant, _known(endpoint_id)), now())

    def change(tenant: str, name: str, wanted: EndpointChange) -> EndpointView:
        if wanted.enabled:
            return endpoint_view(endpoints.enable(tenant, name), now())
        return endpoint_view(endpoints.disable(tenant, name, wanted.reason or "on request"), now())

    @api.patch(
        "/endpoints/{endpoint_id}", response_model=EndpointView, responses=responses(404, 409, 413, 422),
        openapi_extra=takes(EndpointChange, required=True),
    )  # fmt: skip
    async def change_endpoint(request: Request, caller: writer, endpoint_id: EndpointId) -> EndpointView:
        """Enable an endpoint, or disable it: its runs are accepted, and their callbacks given up at once."""
        wanted = await read_model(request, EndpointChange)
        return await run_in_threadpool(change, caller.tenant, _known(endpoint_id), wanted)

    @api.delete("/endpoints/{endpoint_id}", status_code=204, response_class=Response, responses=responses(404))
    def delete_endpoint(caller: writer, endpoint_id: EndpointId) -> None:
        """Forget an endpoint and its secrets. Callbacks that are on their way to it are given up, and so may be those
        of runs that name its URL within the next minute; any after that register it anew.
        """
        endpoints.delete(caller.tenant, _known(endpoint_id))
        registrar.forget(endpoint_id)


def _add_secrets(api: APIRouter, keys: KeyRing, registrar: Registrar) -> None:
    writer = Annotated[Caller, Depends(keys.needs(Scope.CALLBACKS_WRITE))]
    endpoints = registrar.endpoints

    @api.post("/endpoints/{endpoint_id}/rotate", response_model=EndpointSecrets, responses=responses(404, 409))
    def rotate_secret(caller: writer, endpoint_id: EndpointId) -> EndpointSecrets:
        """New signing keys. The former ones sign along for 24 hours; those before them no more from now on.

        Asked again within a minute, it answers with the same keys: safe to repeat when an answer was lost.
        """
        return secrets_view(endpoints.rotate(caller.tenant, _known(endpoint_id)), now())

    @api.get("/endpoints/{endpoint_id}/secret", response_model=EndpointSecrets, responses=responses(404))
    def get_secret(caller: writer, endpoint_id: EndpointId) -> EndpointSecrets:
        """The secrets that callbacks are signed with at present, newest first."""
        return secrets_view(endpoints.get(caller.tenant, _known(endpoint_id)), now())


def _add_deliveries(api: APIRouter, keys: KeyRing, registrar: Registrar, redelivery: Redelivery) -> None:
    writer = Annotated[Caller, Depends(keys.needs(Scope.CALLBACKS_WRITE))]
    reader = Annotated[Caller, Depends(keys.needs(Scope.CALLBACKS_READ))]

    @api.get("/endpoints/{endpoint_id}/deliveries", response_model=DeliveryPage, responses=responses(404, 422))
    def list_deliveries(
        caller: reader, endpoint_id: EndpointId, limit: Limit = 20, cursor: Cursor = None
    ) -> DeliveryPage:
        """What was sent to an endpoint in the last thirty days, newest first."""
        registrar.endpoints.get(caller.tenant, _known(endpoint_id))
        page = registrar.endpoints.deliveries(caller.tenant, endpoint_id, limit, read_cursor(cursor))
        return DeliveryPage(deliveries=page.records, cursor=write_cursor(page.cursor))

    @api.post(
        "/endpoints/{endpoint_id}/test", status_code=202, response_model=ProbeAsked, responses=responses(404, 409)
    )
    async def test_endpoint(caller: writer, endpoint_id: EndpointId) -> ProbeAsked:
        """Send a signed test event to an endpoint, once, ten times a minute at most. What comes of it is in its
        deliveries.
        """
        await keys.rates.at_most(PER_MINUTE, f"test/{_known(endpoint_id)}", caller.tenant)
        return await run_in_threadpool(redelivery.test, caller.tenant, endpoint_id)

    @api.post(
        "/runs/{run_id}/callback/replay", status_code=202, response_model=ReplayAsked, responses=responses(404, 409)
    )
    async def replay_callback(caller: writer, run_id: RunInPath) -> ReplayAsked:
        """Deliver the callback of an ended run once more, under the same event id and by the same schedule; ten times
        a minute at most.
        """
        await keys.rates.at_most(PER_MINUTE, f"replay/{run_id}", caller.tenant)
        return await run_in_threadpool(redelivery.replay, caller.tenant, run_id)
