"""A reverse proxy in front of a moto server that breaks what it is told to break, and remembers what it did.

`with AwsFaults(moto.url) as proxy: proxy.faults = [Fault(do=Do.THROTTLE, service="sqs", count=3)]`; give clients
`proxy.url` as their endpoint. The list may be replaced at any time. What a fault with a probability decides for the
n-th request that it fits depends on the seed, the fault and n alone, so a run is repeated by its seed.
"""

import random
import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

_UPSTREAM_TIMEOUT_S = 60.0
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect"})
_SCOPE = re.compile(r"Credential=[^/]*/\d+/[^/]+/([a-z0-9-]+)/aws4_request")
Headers = list[tuple[str, str]]


class Do(StrEnum):
    """What happens to a request."""

    ERROR = "error"
    """Answered 500; never forwarded."""
    UNAVAILABLE = "unavailable"
    """Answered 503; never forwarded."""
    THROTTLE = "throttle"
    """Answered as AWS answers who asks too often; never forwarded."""
    LOSE_REPLY = "lose_reply"
    """Done, but the caller never hears of it: forwarded, then held for `seconds` and hung up."""
    HANG_UP = "hang_up"
    """Not done, and the caller cannot know: held for `seconds` and hung up."""
    DELAY = "delay"
    """Forwarded after `seconds`."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way to break requests; the first fault of the list that fits and strikes is the one that happens."""

    do: Do
    service: str = ""
    """`sqs`, `s3`, `dynamodb`, `kms`; empty for every service."""
    operation: str = ""
    """`SendMessage`, `PutItem`, …; the HTTP method on S3; empty for every operation."""
    probability: float = 1.0
    count: int | None = None
    """Strikes at most this often; None for no bound."""
    seconds: float = 0.0

    def fits(self, service: str, operation: str) -> bool:
        """Whether the fault is about this kind of request."""
        return self.service in ("", service) and self.operation in ("", operation)


@dataclass(frozen=True, kw_only=True)
class Struck:
    """A request that a fault happened to."""

    service: str
    operation: str
    do: Do


class AwsFaults:
    """The proxy, in a thread of this process. `seen` counts all requests, `struck` lists those that were broken."""

    def __init__(self, upstream: str, seed: int = 0, port: int = 0) -> None:
        parts = urlsplit(upstream)
        self._upstream = (str(parts.hostname), int(parts.port or 80))
        self._seed = seed
        self._lock = threading.Lock()
        self._faults: tuple[Fault, ...] = ()
        self._fitted: Counter[int] = Counter()
        self._hits: Counter[int] = Counter()
        self.seen: Counter[tuple[str, str]] = Counter()
        self.struck: list[Struck] = []
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> "AwsFaults":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def faults(self) -> Sequence[Fault]:
        """What breaks now. Setting it begins every count anew."""
        return self._faults

    @faults.setter
    def faults(self, faults: Sequence[Fault]) -> None:
        with self._lock:
            self._faults = tuple(faults)
            self._fitted.clear()
            self._hits.clear()

    def decide(self, service: str, operation: str) -> Fault | None:
        """Count the request and say what happens to it."""
        with self._lock:
            self.seen[service, operation] += 1
            for number, fault in enumerate(self._faults):
                if fault.fits(service, operation) and self._strikes(number, fault):
                    self.struck.append(Struck(service=service, operation=operation, do=fault.do))
                    return fault
        return None

    def _strikes(self, number: int, fault: Fault) -> bool:
        if fault.count is not None and self._hits[number] >= fault.count:
            return False
        self._fitted[number] += 1
        draw = random.Random(f"{self._seed}:{number}:{self._fitted[number]}").random()
        if draw >= fault.probability:
            return False
        self._hits[number] += 1
        return True

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Headers, bytes]:
        """Ask the server behind, over a connection of its own: one that is reused may be half dead."""
        connection = HTTPConnection(*self._upstream, timeout=_UPSTREAM_TIMEOUT_S)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    proxy: AwsFaults

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is what this proxy is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are counted, not logged."""

    def _serve(self) -> None:
        proxy, headers = self.server.proxy, {key.lower(): value for key, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        service, operation = identify(self.command, self.path, headers, body)
        fault = proxy.decide(service, operation)
        if fault is None or fault.do is Do.DELAY:
            proxy.closing.wait(fault.seconds if fault else 0)
            self._forward(body)
        elif fault.do in (Do.LOSE_REPLY, Do.HANG_UP):
            if fault.do is Do.LOSE_REPLY:
                self._upstream(body)
            proxy.closing.wait(fault.seconds)
            self.close_connection = True
        else:
            self._answer(*refusal(fault.do, service, "x-amz-target" in headers))

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _serve  # noqa: N815 - the names that http.server looks for

    def _upstream(self, body: bytes) -> tuple[int, Headers, bytes]:
        headers = {key: value for key, value in self.headers.items() if key.lower() not in _HOP_BY_HOP}
        return self.server.proxy.forward(self.command, self.path, headers, body)

    def _forward(self, body: bytes) -> None:
        try:
            status, headers, answer = self._upstream(body)
        except (OSError, HTTPException):
            # The server behind is gone: so is this one, for who asked.
            self.close_connection = True
            return
        self._answer(status, headers, answer)

    def _answer(self, status: int, headers: Headers, body: bytes) -> None:
        self.send_response_only(status)
        for key, value in headers:
            # The answer to HEAD tells the length of a body that it does not have.
            if key.lower() not in _HOP_BY_HOP or (self.command == "HEAD" and key.lower() == "content-length"):
                self.send_header(key, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def identify(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[str, str]:
    """Service and operation of a request, by its signature, its target and its action. Header names in lower case."""
    query = parse_qs(urlsplit(path).query)
    presigned = "Credential=" + query.get("X-Amz-Credential", [""])[0]
    found = _SCOPE.search(headers.get("authorization", presigned))
    service = found.group(1) if found else ""
    target = headers.get("x-amz-target", "")
    if target:
        return service, target.rpartition(".")[2]
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        query |= parse_qs(body.decode())
    return service, query.get("Action", [method])[0]


def refusal(do: Do, service: str, json: bool) -> tuple[int, Headers, bytes]:
    """Status, headers and body with which AWS refuses, in the protocol that was asked in."""
    throttled = "SlowDown" if service == "s3" else "ThrottlingException"
    status, code = {
        Do.ERROR: (500, "InternalError"),
        Do.UNAVAILABLE: (503, "ServiceUnavailable"),
        Do.THROTTLE: (503 if service == "s3" else 400, throttled),
    }[do]
    if json:
        text = f'{{"__type": "com.amazonaws#{code}", "message": "injected"}}'
        return status, [("Content-Type", "application/x-amz-json-1.0")], text.encode()
    error = f"<Error><Code>{code}</Code><Message>injected</Message></Error>"
    text = error if service == "s3" else f"<ErrorResponse>{error}<RequestId>injected</RequestId></ErrorResponse>"
    return status, [("Content-Type", "application/xml")], text.encode()
