"""What every answer has in common, the framework's own errors and a crash included."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from services.ingestion.tests.component.world import AUTH, World

from millrace.contracts.api import Problem
from millrace.ingestion.openapi import api_routes
from millrace.telemetry.attributes import FIELDS
from millrace.telemetry.logs import JsonFormatter

SECRET = "ann@example.org"
BATCH = b'{"records": [{"record_id": "1", "text": "fine"}]}'
EXPECTED = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.client:
        yield made


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = Problem.model_validate_json(answer.content)
    assert (body.status, body.instance != "") == (answer.status_code, True)
    return body.status, body.type.removeprefix("urn:millrace:problem:")


@pytest.mark.parametrize("path", ["/healthz", "/v1/flows", "/v1/nothing", "/openapi.json", "/"])
def test_every_answer_keeps_browsers_and_caches_off(world: World, path: str) -> None:
    # when
    headers = world.client.get(path, headers=AUTH).headers
    # then
    assert {name: headers.get(name) for name in EXPECTED} == EXPECTED
    assert not {name for name in headers if name.startswith("access-control-")} | ({"server"} & set(headers))


@pytest.mark.parametrize("path", ["/healthz", "/v1/flows", "/v1/nothing", "/v1/runs/none", "/openapi.json"])
def test_every_answer_has_an_id_of_its_own(world: World, path: str) -> None:
    # given: one that the caller made up
    headers = AUTH | {"request-id": SECRET}
    # when
    answers = [world.client.get(path, headers=headers) for _ in range(2)]
    # then
    ids = {answer.headers["request-id"] for answer in answers}
    assert len(ids) == 2
    assert all(re.fullmatch("req_[0-9A-HJKMNP-TV-Z]{26}", each) for each in ids)


def test_a_problem_can_be_found_in_the_log_by_what_its_caller_was_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    # when
    with caplog.at_level(logging.INFO):
        answer = world.client.get(f"/v1/runs/{SECRET}", headers=AUTH)
    # then
    told = answer.headers["request-id"]
    assert Problem.model_validate_json(answer.content).request_id == told
    (line,) = [vars(record) for record in caplog.records if record.message == "request_refused"]
    assert (line["request_id"], line["status_code"], line["path"]) == (told, 404, "/v1/runs/{run_id}")
    assert SECRET not in str(line)
    assert "request_id" in FIELDS


def test_every_line_of_a_request_names_it(world: World) -> None:
    # given
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(JsonFormatter("ingestion"))
    accepting = logging.getLogger("millrace.ingestion.accept")
    accepting.addHandler(handler)
    accepting.setLevel(logging.INFO)
    headers = AUTH | {"content-type": "application/json"}
    # when
    answers = [
        world.client.post("/v1/runs", content=BATCH, headers=headers | {"idempotency-key": f"k-{number}"})
        for number in range(2)
    ]
    accepting.removeHandler(handler)
    accepting.setLevel(logging.NOTSET)
    # then
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [line["request_id"] for line in lines if line["action"] == "run_accepted"] == [
        answer.headers["request-id"] for answer in answers
    ]


@pytest.mark.parametrize(("scheme", "told"), [("https", True), ("http", False)])
def test_only_who_came_by_tls_is_told_to_stay_there(world: World, scheme: str, told: bool) -> None:
    # given
    client = TestClient(world.app, base_url=f"{scheme}://api.example")
    # when / then
    assert ("strict-transport-security" in client.get("/healthz").headers) is told


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "TRACE", "QUERY", "OPTIONS", "HEAD", "BREW"])
def test_another_method_is_told_all_that_the_path_takes(world: World, method: str) -> None:
    # when
    answer = world.client.request(method, "/v1/runs", headers=AUTH)
    # then
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert method == "HEAD" or problem(answer) == (405, "method-not-allowed")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/%FF", "/v1/runs/%00", "/v1/runs/%", "/v1/runs/%2e%2e", "/v1/runs/", "//v1/runs", "/V1/runs",
        "/v1/runs/%ED%A0%80", "/v2/runs", "/docs", "/redoc",
    ],
)  # fmt: skip
def test_a_path_that_is_none_is_not_found(world: World, path: str) -> None:
    # when / then
    assert problem(world.client.get(path, headers=AUTH)) == (404, "not-found")


@pytest.mark.parametrize(
    "query", ["limit=%FF", "limit=x", "status=gone", "since=yesterday", "since=2026-01-01T00:00:00"]
)
def test_an_option_that_does_not_fit_is_a_problem(world: World, query: str) -> None:
    # when / then
    assert problem(world.client.get(f"/v1/runs?{query}", headers=AUTH)) == (422, "invalid-parameter")


def test_a_crash_is_a_problem_that_tells_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    # given
    @world.app.get("/crash")
    async def crash() -> None:
        raise RuntimeError(SECRET)

    # when
    with caplog.at_level(logging.ERROR):
        answer = world.client.get("/crash")
    # then
    assert problem(answer) == (500, "internal")
    assert SECRET not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    (line,) = caplog.records
    assert (line.message, vars(line)["request_id"]) == ("request_crashed", answer.headers["request-id"])


def test_every_route_answers_a_malformed_body_with_a_problem(world: World) -> None:
    # given
    routes = [(method, route.path) for route in api_routes(world.app) for method in route.methods or ()]
    # when
    for method, path in routes:
        if method in ("POST", "PATCH") and "{" not in path:
            answer = world.client.request(method, path, content=b'{"\xff', headers=AUTH | {"idempotency-key": path})
            # then
            assert problem(answer)[0] in (400, 415, 422), path
