"""The API's description: committed, true, and complete."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.contracts.record import OPENAPI, api, openapi

from millrace.contracts.access import Scope
from millrace.ingestion.openapi import api_routes

COMMITTED = json.loads(OPENAPI.read_text())
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in COMMITTED["paths"].items()
    for method, operation in operations.items()
}
OPEN = {"GET /healthz", "GET /readyz"}
"""What needs no key."""


def test_the_committed_description_is_the_running_apps() -> None:
    # when / then: `python tests/contracts/record.py` writes it anew
    assert OPENAPI.read_text() == openapi()


def test_every_route_is_described() -> None:
    # given
    routes = {f"{method} {route.path}" for route in api_routes(api()) for method in route.methods or ()}
    # when / then
    assert routes == set(OPERATIONS)


def test_operation_ids_are_unique() -> None:
    # given
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    # when / then
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - OPEN))
def test_an_operation_says_its_scope_and_every_error_that_all_have(name: str) -> None:
    # given
    operation = OPERATIONS[name]
    # when
    (needed,) = operation["security"]
    # then
    assert len(needed["apiKey"]) == 1 and needed["apiKey"][0] in set(Scope)
    assert {"401", "403", "429", "503"} <= set(operation["responses"])


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_error_is_a_problem_with_the_headers_that_go_with_it(name: str) -> None:
    # given
    answers = OPERATIONS[name]["responses"]
    expected = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}
    # when / then
    for status, answer in answers.items():
        if int(status) >= 400:
            assert answer["content"] == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
        if status in expected:
            assert expected[status] in answer["headers"]
        if name not in OPEN and status != "401":
            assert {"RateLimit", "RateLimit-Policy"} <= set(answer["headers"])


def test_every_reference_leads_somewhere() -> None:
    # when / then
    for reference in _references(COMMITTED):
        found: Any = COMMITTED
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
