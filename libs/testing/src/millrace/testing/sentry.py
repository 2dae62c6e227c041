"""A Sentry on loopback: takes envelopes and keeps the events in them, or refuses, or hangs.

https://develop.sentry.dev/sdk/data-model/envelopes/
"""

import gzip
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

PATIENCE_S = 30.0
"""Bounds a hang; nothing is expected to take as long."""


@dataclass(kw_only=True)
class Sentry:
    """The server; a context manager that is on a port of the system's choosing."""

    hangs: bool = False
    status: int = 200
    """What it answers with; it keeps what it answers 200 to."""
    port: int = 0
    _events: list[dict[str, Any]] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", self.port), _Request)
        self._server.sentry = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def dsn(self) -> str:
        """As the setting wants it."""
        return f"http://public@127.0.0.1:{self.port}/1"

    def events(self, action: str = "") -> list[dict[str, Any]]:
        """What came so far; only of one action when it is named."""
        with self._changed:
            return [each for each in self._events if each.get("tags", {}).get("action") == action or not action]

    def wait_for(self, action: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many of an action have come."""
        give_up = time.monotonic() + PATIENCE_S
        while len(found := self.events(action)) < count:
            with self._changed:
                if not self._changed.wait(give_up - time.monotonic()):
                    seen = [each.get("tags") for each in self._events]
                    raise AssertionError(f"{action!r} never came {count} times, but {seen}")
        return found

    def take(self, body: bytes) -> None:
        """Keep the events of an envelope."""
        events = _events(body)
        with self._changed:
            self._events.extend(events)
            self._changed.notify_all()

    def wait_until_over(self) -> None:
        """Hang until the server is ended."""
        self._over.wait(PATIENCE_S)


class _Server(ThreadingHTTPServer):
    sentry: Sentry
    daemon_threads = True
    block_on_close = False


class _Request(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """An envelope."""
        sentry = self.server.sentry
        if sentry.hangs:
            sentry.wait_until_over()
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if sentry.status == 200:
            sentry.take(body)
        self.send_response(sentry.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _events(envelope: bytes) -> list[dict[str, Any]]:
    """The items of an envelope that are events: a line of headers, then for each a line of headers and its payload."""
    _, _, rest = envelope.partition(b"\n")
    events = []
    while rest:
        head, _, rest = rest.partition(b"\n")
        headers = json.loads(head)
        length = headers.get("length", rest.find(b"\n") if b"\n" in rest else len(rest))
        payload, rest = rest[:length], rest[length:].lstrip(b"\n")
        if headers["type"] == "event":
            events.append(json.loads(payload))
    return events
