"""Requests of a bounded number, and connections that a client can neither hold open by dripping a request into them
nor fill with endless headers.

uvicorn bounds neither (https://github.com/Kludex/uvicorn/issues/157), and answers what is no HTTP as plain text.
"""

import asyncio
from http import HTTPStatus
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from millrace.contracts.api import Problem

HEADERS_S: Final = 10.0
"""From the connection, or from a later request's first byte, to the end of its headers."""
REQUEST_S: Final = 60.0
"""From the end of the headers to the end of the body. What takes longer is too large for this door: see uploads."""
MAX_HEADER_BYTES: Final = 32 * 1024
"""Request line and headers. Twice what common proxies pass on."""
MAX_REQUESTS: Final = 2_000
"""At a time, with the streams of events. uvicorn's own limit counts idle connections too, and says not when to return.
"""
RETRY_S: Final = 2
_PROBES: Final = (b"/healthz", b"/readyz")
"""Answered however much there is to do: a process that is restarted for it would help nobody."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a deadline for each request and a bound on its headers."""

    max_requests = MAX_REQUESTS
    headers_s = HEADERS_S
    request_s = REQUEST_S
    _deadline: asyncio.TimerHandle | None = None
    _in_head = True
    _head_bytes = 0
    _refused = HTTPStatus.BAD_REQUEST

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._due_in(self.headers_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._not_due()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._deadline is None and self._in_head:
            self._due_in(self.headers_s)
        self._head_bytes += len(data) if self._in_head else 0
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEADER_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Is called by the parser; what it raises ends the connection with a refusal."""
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEADER_BYTES:
            self._refused = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise ValueError("too many headers")
        if len(self.tasks) >= self.max_requests and self.url not in _PROBES:
            self._refused = HTTPStatus.SERVICE_UNAVAILABLE
            raise ValueError("too many requests at a time")
        self._in_head = False
        self._due_in(self.request_s)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Is called by the parser at the end of a request's body."""
        self._not_due()
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser cannot read, as a problem (RFC 9457)."""
        self._refuse(self._refused)

    def _due_in(self, seconds: float) -> None:
        self._not_due()
        self._deadline = self.loop.call_later(seconds, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _not_due(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: HTTPStatus) -> None:
        """Say why, unless an answer is under way, and end the connection."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_answer(status))
        self.transport.close()


def _answer(status: HTTPStatus) -> bytes:
    code = status.phrase.lower().replace(" ", "-")
    body = Problem(
        type=f"urn:millrace:problem:{code}", title=status.phrase, status=status.value, detail=_DETAILS[status]
    ).model_dump_json()  # fmt: skip
    again = f"retry-after: {RETRY_S}\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/problem+json\r\n{again}"
        f"content-length: {len(body.encode())}\r\nconnection: close\r\n\r\n"
    )
    return (head + body).encode()


_DETAILS: Final = {
    HTTPStatus.BAD_REQUEST: "this is not a request that can be read",
    HTTPStatus.REQUEST_TIMEOUT: "the request took too long to arrive",
    HTTPStatus.SERVICE_UNAVAILABLE: f"too many requests are at work; send it again in {RETRY_S} s",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"the headers may have {MAX_HEADER_BYTES} bytes in all",
}
