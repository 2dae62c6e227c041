"""Every route of a run knows an id that is none, before it asks a store."""

from fastapi.routing import APIRoute
from services.ingestion.tests.component.world import AUTH, World

from millrace.ingestion.openapi import api_routes


def routes(world: World) -> list[APIRoute]:
    return [route for route in api_routes(world.app) if "{run_id}" in route.path]


def test_what_is_no_run_id_is_not_found_whoever_asks_for_it() -> None:
    # given
    world = World()
    known = routes(world)
    assert len(known) > 5
    for route in known:
        for method in route.methods or ():
            # when
            path = route.path.replace("{run_id}", "run_1")
            answer = world.client.request(method, path, headers=AUTH)
            # then: and who has no key is told that first
            assert (path, answer.status_code) == (path, 404)
            assert world.client.request(method, path).status_code == 401
