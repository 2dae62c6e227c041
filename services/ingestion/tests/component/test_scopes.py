"""Deny by default: a route that says no scope, or several, is not offered."""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from services.ingestion.tests.component.world import World

from millrace.contracts.access import Scope
from millrace.ingestion.auth import Caller
from millrace.ingestion.openapi import api_routes, scopes


def unguarded(app: FastAPI) -> list[str]:
    """Routes of the API's version 1 that do not need exactly one scope."""
    return [route.name for route in api_routes(app) if route.path.startswith("/v1/") and len(scopes(route)) != 1]


def test_every_route_needs_exactly_one_scope() -> None:
    # given
    app = World().app
    # when / then
    assert len(list(api_routes(app))) > 20
    assert unguarded(app) == []
    open_to_all = [route.path for route in api_routes(app) if not scopes(route)]
    assert open_to_all == ["/healthz", "/readyz"]


def test_a_route_without_a_scope_or_with_two_is_found() -> None:
    # given
    world, api = World(), APIRouter(prefix="/v1")
    reader = Annotated[Caller, Depends(world.keys.needs(Scope.RUNS_READ))]
    writer = Annotated[Caller, Depends(world.keys.needs(Scope.RUNS_WRITE))]

    @api.get("/planted")
    def planted() -> None:
        """Forgot to ask."""

    @api.get("/torn")
    def torn(one: reader, other: writer) -> None:
        """Asks twice."""

    # when
    world.app.router.routes.extend(api.routes)
    # then
    assert unguarded(world.app) == ["planted", "torn"]


def test_each_scope_opens_its_own_routes_and_no_others() -> None:
    # given
    world = World()
    with world.client:
        for route in api_routes(world.app):
            for needed in scopes(route):
                others = world.key("acme", *(set(Scope) - {needed}))
                path = route.path.replace("{", "x").replace("}", "x")
                for method in route.methods or ():
                    # when
                    answer = world.client.request(method, path, headers=others)
                    # then
                    assert (answer.status_code, needed in answer.json()["detail"]) == (403, True), route.path
