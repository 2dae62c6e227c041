"""Two tenants against every route and method: what belongs to another is answered as what is not there."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from services.ingestion.tests.component.world import AUTH, RIVALS, TENANT, World

from millrace.contracts.ids import new_run_id, ulid
from millrace.contracts.run import CallbackStatus, RunStatus
from millrace.ingestion.openapi import api_routes
from millrace.testing.factories import START, callback_record, run_record

BODIES: dict[str, Any] = {
    "PATCH /v1/endpoints/{endpoint_id}": {"enabled": False},
    "POST /v1/endpoints": {"url": "https://127.0.0.1/other"},
    "POST /v1/uploads": {"size": 5, "media_type": "text/csv"},
}
"""What a route needs to be told."""
LISTS = {"GET /v1/runs": "runs", "GET /v1/endpoints": "endpoints", "GET /v1/flows": None}
"""Routes without an id that show things, and where; flows are everybody's."""
MAKES = {"POST /v1/runs", "POST /v1/uploads", "POST /v1/endpoints"}
"""Routes without an id that make things: they are whoever's asks."""
ROUTES = sorted(
    f"{method} {route.path}"
    for route in api_routes(World().app)
    for method in route.methods or ()
    if route.path.startswith("/v1/")
)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.client:
        yield made


def run(world: World) -> tuple[str, str]:
    run_id = new_run_id()
    record = run_record(
        run_id=run_id, status=RunStatus.COMPLETED, ended_at=START + timedelta(seconds=4), report=world.report("x"),
        callback=callback_record(run_id, status=CallbackStatus.DELIVERED),
    )  # fmt: skip
    world.runs.create(record)
    return record.run_id, new_run_id()


def upload(world: World) -> tuple[str, str]:
    made = world.client.post("/v1/uploads", json=BODIES["POST /v1/uploads"], headers=AUTH).json()["upload_id"]
    return made, re.sub("[^_]+$", ulid(), made)


def endpoint(world: World) -> tuple[str, str]:
    made = world.client.post("/v1/endpoints", json={"url": "https://127.0.0.1/hook"}, headers=AUTH)
    return made.json()["endpoint_id"], f"ep_{ulid()}"


THINGS = {"run_id": run, "upload_id": upload, "endpoint_id": endpoint}
"""The first tenant's thing of each kind, and the id of one that nobody has. A new kind needs an entry."""


def ask(world: World, route: str, headers: dict[str, str], thing: str = "") -> Any:
    method, path = route.split(" ")
    return world.client.request(method, re.sub("{.*?}", thing, path), json=BODIES.get(route), headers=headers)


@pytest.mark.parametrize("route", [each for each in ROUTES if "{" in each])
def test_anothers_thing_is_not_there(world: World, route: str) -> None:
    # given
    (kind,) = re.findall("{(.*?)}", route)
    theirs, nobodys = THINGS[kind](world)
    # when
    others, none = ask(world, route, RIVALS, theirs), ask(world, route, RIVALS, nobodys)
    # then: and it is there, as its owner can tell
    assert (others.status_code, none.status_code) == (404, 404)
    assert told(others, theirs) == told(none, nobodys)
    assert ask(world, route, AUTH, theirs).status_code != 404


def told(answer: httpx.Response, asked: str) -> str:
    """What a problem says, but for what differs by request."""
    return answer.text.replace(asked, "ID").replace(answer.headers["request-id"], "REQUEST")


@pytest.mark.parametrize("route", [each for each in ROUTES if "{" not in each])
def test_a_route_without_an_id_shows_nothing_of_others(world: World, route: str) -> None:
    # given
    for make in THINGS.values():
        make(world)
    # when / then: a new route needs an entry
    assert (route in LISTS) != (route in MAKES), route
    place = LISTS.get(route)
    if place is not None:
        assert ask(world, route, RIVALS).json()[place] == []
        assert len(ask(world, route, AUTH).json()[place]) > 0


def test_a_run_is_not_made_of_anothers_upload(world: World) -> None:
    # given
    theirs, nobodys = upload(world)
    # when
    others, none = (world.submit(b"", query=f"?upload_id={each}", headers=RIVALS) for each in (theirs, nobodys))
    # then
    assert (others.status_code, none.status_code) == (404, 404)
    assert told(others, theirs) == told(none, nobodys)


def test_a_cursor_of_another_tenants_list_shows_only_ones_own(world: World) -> None:
    # given
    for _ in range(3):
        run(world)
    cursor = world.client.get("/v1/runs?limit=1", headers=AUTH).json()["cursor"]
    # when / then
    assert world.client.get(f"/v1/runs?cursor={cursor}", headers=RIVALS).json()["runs"] == []


def test_equal_idempotency_keys_of_two_tenants_are_two(world: World) -> None:
    # given
    once, body = {"idempotency-key": "k-1"}, b'{"records": [{"record_id": "1", "text": "fine"}]}'
    # when
    first, second = (world.submit(body, "application/json", headers=once | who) for who in (AUTH, RIVALS))
    # then
    assert first.json()["run_id"] != second.json()["run_id"]
    assert {owner for owner, _ in world.runs.records} == {TENANT, "rival"}
