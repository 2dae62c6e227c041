"""How long requests take and how they are answered, by route."""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from millrace.telemetry.metrics import observe

UNMATCHED: Final = "none"
"""Route of a request that no route took: what its path was is the caller's to say."""
LEFT: Final = "left"
"""Status of a request whose caller left before it was answered."""
METHODS: Final = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))


class Measured:
    """ASGI middleware that measures each request until its answer begins: a stream of events goes on for hours."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, answered = time.perf_counter(), False

        async def tell(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                _tell(scope, str(message["status"]), time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, tell)
        finally:
            if not answered:
                _tell(scope, LEFT, time.perf_counter() - began)


def _tell(scope: Scope, status: str, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "other"
    route = getattr(scope.get("route"), "path", UNMATCHED)
    observe("http_request_seconds", seconds, method=method, route=route, status=status)
