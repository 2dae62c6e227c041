"""What a route says of its answers in the API's description: `@api.get(…, responses=responses(404, 409))`."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

PROBLEM: Final = "application/problem+json"
"""Media type of every error (RFC 9457 section 3)."""

MEANINGS: Final = {
    400: "The request cannot be read: an option, a header or the body's syntax is wrong.",
    401: "No API key, or none that is valid: unknown, expired, revoked, or of a suspended tenant.",
    403: "The key is valid but lacks the scope that this operation needs.",
    404: "There is nothing here for this key's tenant. Other tenants' things answer the same.",
    406: "It cannot be had in a form that `Accept` names.",
    408: "The request took too long to arrive.",
    409: "Its present state does not allow this; with `Retry-After`, only for the moment.",
    410: "It is gone for good.",
    413: "The body, or what it expands to, is larger than is taken.",
    415: "The body is in no format that is taken.",
    416: "The range lies outside of what there is.",
    422: "The request can be read, but a value in it does not fit.",
    429: "The tenant's rate limit or quota is used up, or too much waits already. Nothing was done.",
    503: (
        "A store or queue does not answer. What was asked for may have been done all the same: a run is safe to send "
        "again under its Idempotency-Key, for anything else look first."
    ),
}
"""What an error status means, in the words of the description."""

ALWAYS: Final = (401, 403, 429, 503)
"""What every route of `/v1` may answer."""

_HEADERS: Final = {401: ("WWW-Authenticate",), 403: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}

HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "Idempotency-Replayed": {
        "description": "`true` on an answer that repeats the one to the first request with this Idempotency-Key.",
        "schema": {"type": "string", "const": "true"},
    },
    "Location": {
        "description": "Where what was made is found, relative to the API's root.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "RateLimit": {
        "description": "What is left of each policy (`r`) and the seconds until it is whole again (`t`).",
        "schema": {"type": "string"},
        "example": '"burst";r=199;t=1, "minute";r=5999;t=60',
    },
    "RateLimit-Policy": {
        "description": "The policies: requests (`q`) in a window of seconds (`w`).",
        "schema": {"type": "string"},
        "example": '"burst";q=200;w=1, "minute";q=6000;w=60',
    },
    "Request-Id": {
        "description": "`req_` and 26 characters: names this request, in a problem's `request_id` too.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds after which the same request may succeed.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {"description": "`Bearer` (RFC 6750 section 3).", "schema": {"type": "string"}},
}
"""Response headers by name; a route refers to them."""


def responses(*statuses: int, headers: Mapping[int, tuple[str, ...]] | None = None) -> dict[int | str, dict[str, Any]]:
    """The errors that a route answers with, as FastAPI's `responses` takes them; `ALWAYS` need not be named.

    `headers` names headers (of `HEADERS`) of answers by their status, of those that succeed too:
    `headers={202: ("Location",)}`.
    """
    return errors(*ALWAYS, *statuses, headers=headers)


def errors(*statuses: int, headers: Mapping[int, tuple[str, ...]] | None = None) -> dict[int | str, dict[str, Any]]:
    """The same for a route that needs no key: these errors alone."""
    extra = headers or {}
    found: dict[int | str, dict[str, Any]] = {status: _error(status) for status in sorted(set(statuses))}
    for status in sorted({*statuses, *extra}):
        names = (*_HEADERS.get(status, ()), *extra.get(status, ()))
        if names:
            found[status] = found.get(status, {}) | {"headers": {name: header(name) for name in names}}
    return found


def header(name: str) -> dict[str, str]:
    """A reference to the header's description."""
    return {"$ref": f"#/components/headers/{_known(name)}"}


def _known(name: str) -> str:
    if name not in HEADERS:
        raise KeyError(f"{name} is not described in HEADERS")
    return name


def _error(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": f"{HTTPStatus(status).phrase}: {MEANINGS[status]}",
        "content": {PROBLEM: {"schema": schema}},
    }
