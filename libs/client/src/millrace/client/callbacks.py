"""Callback endpoints, as far as the API tells of them: `Client.callbacks`."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import httpx

from millrace.client import calls
from millrace.contracts.endpoints import (
    DeliveryPage,
    DeliveryRecord,
    EndpointPage,
    EndpointSecrets,
    EndpointView,
    ProbeAsked,
    ReplayAsked,
)

PLACE = "/v1/endpoints"
LOOK_S = 0.2
"""Between two looks into the log for what became of a test."""


class Callbacks:
    """The tenant's endpoints. Raises what the client raises: Refused with status 404 for an endpoint that is none."""

    def __init__(self, http: httpx.Client, pause: Callable[[float], None]) -> None:
        self._http, self._pause = http, pause

    def register(self, url: str, secret: str | None = None) -> EndpointView:
        """A new endpoint; Refused with status 409 when the URL is one, with 422 when it may not be called."""
        return calls.decode(self._send("POST", PLACE, {"url": url, "secret": secret}), EndpointView)

    def page(self, limit: int | None = None, cursor: str | None = None) -> EndpointPage:
        """A page of endpoints, by their ids."""
        return calls.decode(self._get(PLACE, limit, cursor), EndpointPage)

    def every(self) -> Iterator[EndpointView]:
        """Every endpoint, by its id."""
        cursor = None
        while True:
            page = self.page(100, cursor)
            yield from page.endpoints
            cursor = page.cursor
            if cursor is None:
                return

    def find(self, url: str) -> EndpointView | None:
        """The endpoint of this URL; None when there is none."""
        return next((endpoint for endpoint in self.every() if endpoint.url == url), None)

    def get(self, endpoint: str) -> EndpointView:
        """One endpoint."""
        return calls.decode(self._get(_place(endpoint)), EndpointView)

    def enable(self, endpoint: str) -> EndpointView:
        """Deliver to it again."""
        return calls.decode(self._send("PATCH", _place(endpoint), {"enabled": True}), EndpointView)

    def disable(self, endpoint: str, reason: str = "") -> EndpointView:
        """Deliver nothing to it: callbacks of its runs are given up at once."""
        changes = {"enabled": False, "reason": reason}
        return calls.decode(self._send("PATCH", _place(endpoint), changes), EndpointView)

    def delete(self, endpoint: str) -> None:
        """Forget it and its secrets."""
        self._send("DELETE", _place(endpoint))

    def rotate(self, endpoint: str) -> EndpointSecrets:
        """New secrets; the former ones sign along for 24 hours. Not tried again by itself: that would rotate twice."""
        return calls.decode(self._send("POST", f"{_place(endpoint)}/rotate", idempotent=False), EndpointSecrets)

    def secrets(self, endpoint: str) -> EndpointSecrets:
        """What signs at present, newest first."""
        return calls.decode(self._get(f"{_place(endpoint)}/secret"), EndpointSecrets)

    def deliveries(self, endpoint: str, limit: int | None = None, cursor: str | None = None) -> DeliveryPage:
        """A page of what it was sent in the last thirty days, newest first."""
        return calls.decode(self._get(f"{_place(endpoint)}/deliveries", limit, cursor), DeliveryPage)

    def test(self, endpoint: str) -> ProbeAsked:
        """Have a test event sent; `outcome` tells what became of it. Refused with status 409 when it is disabled."""
        return calls.decode(self._send("POST", f"{_place(endpoint)}/test", idempotent=False), ProbeAsked)

    def outcome(self, asked: ProbeAsked, timeout: float = 20.0) -> DeliveryRecord | None:
        """How the test went; None when it is not known after `timeout` seconds."""
        give_up = time.monotonic() + timeout
        while True:
            page = self.deliveries(asked.endpoint_id, 100)
            found = next((each for each in page.deliveries if each.event_id == asked.event_id), None)
            if found is not None or time.monotonic() > give_up:
                return found
            self._pause(LOOK_S)

    def replay(self, run_id: str) -> ReplayAsked:
        """Have a run's callback delivered once more; Refused with 409 while the run or a delivery is under way."""
        path = f"/v1/runs/{quote(run_id, safe='')}/callback/replay"
        return calls.decode(self._send("POST", path, idempotent=False), ReplayAsked)

    def _get(self, path: str, limit: int | None = None, cursor: str | None = None) -> httpx.Response:
        given = {"limit": limit, "cursor": cursor}
        params = {name: str(value) for name, value in given.items() if value is not None}
        return calls.send(
            self._http, self._http.build_request("GET", path, params=params), self._pause, idempotent=True
        )

    def _send(
        self, method: str, path: str, body: dict[str, object] | None = None, *, idempotent: bool = True
    ) -> httpx.Response:
        request = self._http.build_request(method, path, json=body)
        return calls.send(self._http, request, self._pause, idempotent=idempotent)


def _place(endpoint: str) -> str:
    return f"{PLACE}/{quote(endpoint, safe='')}"
