"""One request for each operation that is right in every way, made of what lies in the stores."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from tests.fuzz.front_door import FrontDoor
from tests.fuzz.seeds import Seeds

PATIENCE_S = 60.0
"""Bounds a hang; nothing is expected to take as long."""
ROWS = b"text,rating\nThe parcel came late.,2\n"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request to an operation."""

    operation: str
    """Method and path, as the description has them."""
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None

    def having(self, **changes: Any) -> "Ask":
        """The same but for this."""
        return replace(self, **changes)

    def send(self, url: str, key: str | None) -> httpx.Response:
        """Ask, and listen to a stream's first words only."""
        method, template = self.operation.split(" ")
        headers = dict(self.headers) | ({"authorization": f"Bearer {key}"} if key else {})
        where, given = f"{url}{template.format(**self.path)}", {"json": self.json, "content": self.content}
        with (
            httpx.Client(timeout=PATIENCE_S) as client,
            client.stream(method, where, params=dict(self.query), headers=headers, **given) as answer,
        ):
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                next(answer.iter_bytes(), b"")
            else:
                answer.read()
            return answer


def batch() -> Ask:
    """A run over one record, under a key of its own."""
    return Ask(
        operation="POST /v1/runs", headers={"idempotency-key": secrets.token_hex(8)},
        json={"records": [{"record_id": "1", "text": "The parcel came late."}]},
    )  # fmt: skip


@dataclass(frozen=True)
class Right:
    """Requests that succeed."""

    door: FrontDoor
    seeds: Seeds

    def all(self) -> dict[str, Callable[[], Ask]]:
        """Operation → a request; each call gives one that can be sent once."""
        plain = ("GET /v1/runs", "GET /v1/flows", "GET /v1/endpoints", "GET /healthz", "GET /readyz")
        asks = [Ask(operation=operation) for operation in plain]
        asks += [_of_run(operation, self.seeds.ended) for operation in _OF_ENDED]
        asks += [_of_run("POST /v1/runs/{run_id}/cancel", self.seeds.active)]
        asks += [Ask(operation=operation, path={"endpoint_id": self.seeds.endpoint}) for operation in _OF_ENDPOINT]
        asks += [Ask(operation="GET /v1/uploads/{upload_id}", path={"upload_id": self.seeds.upload})]
        return {ask.operation: (lambda ask=ask: ask) for ask in asks} | {
            "POST /v1/runs": batch,
            "POST /v1/endpoints": self.register,
            "PATCH /v1/endpoints/{endpoint_id}": self.change,
            "DELETE /v1/endpoints/{endpoint_id}": lambda: Ask(
                operation="DELETE /v1/endpoints/{endpoint_id}", path={"endpoint_id": self.fresh_endpoint()}
            ),
            "POST /v1/uploads": open_upload,
            "POST /v1/uploads/{upload_id}/complete": lambda: self.upload("POST /v1/uploads/{upload_id}/complete"),
            "DELETE /v1/uploads/{upload_id}": lambda: self.upload("DELETE /v1/uploads/{upload_id}"),
        }

    def register(self) -> Ask:
        """A callback URL that nobody has named."""
        url = f"{self.door.stack.callback_url}/{secrets.token_hex(6)}"
        return Ask(operation="POST /v1/endpoints", json={"url": url})

    def change(self) -> Ask:
        """Enables an endpoint."""
        operation = "PATCH /v1/endpoints/{endpoint_id}"
        return Ask(operation=operation, path={"endpoint_id": self.seeds.endpoint}, json={"enabled": True})

    def fresh_endpoint(self) -> str:
        """One that is there to be deleted."""
        return str(self.register().send(self.door.url, self.door.key).json()["endpoint_id"])

    def upload(self, operation: str, *, arrived: bool = True) -> Ask:
        """Something to do with a new upload, all of which has arrived unless it is said not to have."""
        view = open_upload().send(self.door.url, self.door.key).json()
        if arrived:
            httpx.put(view["missing"][0]["url"], content=ROWS, timeout=PATIENCE_S).raise_for_status()
        return Ask(operation=operation, path={"upload_id": view["upload_id"]})


def open_upload() -> Ask:
    """Asks for a place for a small file."""
    asked = {"size": len(ROWS), "media_type": "text/csv", "filename": "rows.csv"}
    return Ask(operation="POST /v1/uploads", json=asked)


def _of_run(operation: str, run_id: str) -> Ask:
    return Ask(operation=operation, path={"run_id": run_id})


_OF_ENDED = (
    "GET /v1/runs/{run_id}", "GET /v1/runs/{run_id}/report", "GET /v1/runs/{run_id}/events",
    "GET /v1/runs/{run_id}/journey",
    "POST /v1/runs/{run_id}/redrive", "POST /v1/runs/{run_id}/callback/replay",
)  # fmt: skip
_OF_ENDPOINT = (
    "GET /v1/endpoints/{endpoint_id}", "POST /v1/endpoints/{endpoint_id}/rotate",
    "GET /v1/endpoints/{endpoint_id}/secret", "GET /v1/endpoints/{endpoint_id}/deliveries",
    "POST /v1/endpoints/{endpoint_id}/test",
)  # fmt: skip
