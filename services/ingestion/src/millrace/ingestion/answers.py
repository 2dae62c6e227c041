"""What every answer of the API has in common: headers that keep browsers and caches off it, and a number."""

from collections.abc import Callable
from typing import Final

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from millrace.contracts.base import now
from millrace.contracts.ids import ulid
from millrace.telemetry import context

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""As the OWASP REST Security Cheat Sheet has them. A route's own win: the report's page needs its styles."""
OVER_TLS: Final = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}
"""RFC 6797 section 7.2 forbids it on plain http. Behind a proxy the scheme is what `X-Forwarded-Proto` says."""
REQUEST_ID: Final = "Request-Id"
"""What a caller quotes to have a request found in the logs. Made here: what a caller made up would end up in them."""


class Answers:
    """ASGI middleware that adds the headers, and answers for a route that crashed.

    `request.state.request_id` names the request, in its answer and in the logs; `received_at` is when it came in.
    `request.state.answer_headers` holds headers that a dependency wants on the answer, whatever the route makes of it.
    """

    def __init__(self, app: ASGIApp, crashed: Callable[[Request, Exception], Response]) -> None:
        self._app, self._crashed = app, crashed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["request_id"] = f"req_{ulid()}"
        state["received_at"] = now()
        # Each request is a task of its own: what is bound ends with it.
        context.bind(request_id=state["request_id"])
        started = False

        async def add(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add(
                    message,
                    {REQUEST_ID: state["request_id"]} | HEADERS | (OVER_TLS if scope["scheme"] == "https" else {}),
                )
                _add(message, state.get("answer_headers", {}))
            await send(message)

        try:
            await self._app(scope, receive, add)
        except ClientDisconnect:
            # It left while it was sending: there is nobody to answer, and nothing is wrong here.
            return
        except Exception as error:
            if started:
                raise
            await self._crashed(Request(scope), error)(scope, receive, add)


def _add(message: Message, headers: dict[str, str]) -> None:
    present = MutableHeaders(raw=message.setdefault("headers", []))
    for name, value in headers.items():
        present.setdefault(name, value)
