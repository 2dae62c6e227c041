"""The API's description (OpenAPI 3.1): what FastAPI knows of the routes, and what only we know of every one."""

import json
from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from millrace.contracts.access import Scope
from millrace.contracts.api import Problem
from millrace.ingestion.answers import REQUEST_ID
from millrace.ingestion.auth import Needs
from millrace.ingestion.documented import HEADERS, errors, header

DESCRIPTION: Final = (
    "Customer feedback in, signed insights out. Every error is a problem (RFC 9457) whose `type` is a stable key: "
    "`urn:millrace:problem:<code>`."
)
SCHEME: Final = "apiKey"
_RATES: Final = ("RateLimit", "RateLimit-Policy")
_FRAMEWORKS: Final = ("HTTPValidationError", "ValidationError")


def operation_id(route: APIRoute) -> str:
    """The name of a route's function: short, unique, and as stable as the route."""
    return route.name


def scopes(route: APIRoute) -> list[Scope]:
    """The scopes that a route needs of its caller's key: exactly one, or the route is not to be offered."""
    return [needs.scope for needs in _needs(route.dependant)]


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole description. The same routes give the same document."""
    found = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
    # A body that a route reads itself is described as pydantic does it for a document of its own.
    document: dict[str, Any] = json.loads(json.dumps(found).replace('"#/$defs/', '"#/components/schemas/'))
    components = document.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    schemas |= problem.pop("$defs", {}) | {"Problem": problem}
    for name in _FRAMEWORKS:
        schemas.pop(name, None)
    components["headers"] = {name: dict(HEADERS[name]) for name in sorted(HEADERS)}
    components["securitySchemes"] = {SCHEME: _scheme()}
    for route in api_routes(app):
        for method in sorted(route.methods or ()):
            if route.include_in_schema:
                operation = document["paths"][route.path_format][method.lower()]
                schemas |= _nested(operation)
                _complete(operation, scopes(route))
    components["schemas"] = dict(sorted(schemas.items()))
    return document


def api_routes(app: FastAPI) -> Iterator[APIRoute]:
    """The routes that are ours; not that of the description itself."""
    return (route for route in app.routes if isinstance(route, APIRoute))


def _needs(dependant: Dependant) -> Iterator[Needs]:
    if isinstance(dependant.call, Needs):
        yield dependant.call
    for each in dependant.dependencies:
        yield from _needs(each)


def _nested(operation: dict[str, Any]) -> dict[str, Any]:
    """The schemas within those of the operation's body, which leave it for the components."""
    found: dict[str, Any] = {}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        found |= content.get("schema", {}).pop("$defs", {})
    return found


def _scheme() -> dict[str, Any]:
    known = ", ".join(f"`{scope}`" for scope in Scope)
    return {
        "type": "http", "scheme": "bearer", "bearerFormat": "mlr_<id>_<secret>",
        "description": f"An API key, as `millrace keys create` shows it once. Its scopes are some of {known}.",
    }  # fmt: skip


def _complete(operation: dict[str, Any], needed: list[Scope]) -> None:
    answers = operation["responses"]
    if _FRAMEWORKS[0] in str(answers.get("422", {})):
        # FastAPI's own entry. An id in the path is any text, which never fails: what is none is not found.
        del answers["422"]
        if any(each["in"] != "path" for each in operation.get("parameters", ())):
            answers.update({"422": errors(422)[422]})
    for answer in answers.values():
        answer["headers"] = answer.get("headers", {}) | {REQUEST_ID: header(REQUEST_ID)}
    if not needed:
        return
    operation["security"] = [{SCHEME: [str(scope) for scope in needed]}]
    for status, answer in answers.items():
        if status != "401":
            answer["headers"] = answer.get("headers", {}) | {name: header(name) for name in _RATES}
    operation["responses"] = dict(sorted(answers.items()))
