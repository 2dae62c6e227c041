"""Loopback servers that keep what is sent to them: where spans, error reports and callbacks go in these tests."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from redis import Redis
from redis.exceptions import RedisError


@dataclass
class Kept:
    """A server's address and the requests that it got."""

    url: str
    status: int = 200
    answer: bytes = b"{}"
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    """Path and opened body."""
    came: threading.Event = field(default_factory=threading.Event)


@contextmanager
def listening(status: int = 200, answer: bytes = b"{}") -> Iterator[Kept]:
    """A server on a free port that answers every POST the same."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    kept = Kept(url=f"http://127.0.0.1:{server.server_address[1]}", status=status, answer=answer)
    server.daemon_threads = True
    server.kept = kept  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        kept: Kept = self.server.kept  # type: ignore[attr-defined]
        body = self._body()
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        kept.requests.append((self.path, body))
        kept.came.set()
        self.send_response(kept.status)
        self.send_header("content-length", str(len(kept.answer)))
        self.end_headers()
        self.wfile.write(kept.answer)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, format: str, *args: object) -> None:
        """What came is in `requests`."""


@contextmanager
def monitored(url: str) -> Iterator[list[bytes]]:
    """Every command that this Redis server is sent within the block, as `MONITOR` tells them."""
    commands: list[bytes] = []
    client = Redis.from_url(url)
    begun = threading.Event()

    def listen() -> None:
        try:
            with client.monitor() as monitor:
                begun.set()
                while True:
                    told = monitor.next_command()
                    commands.append(f"{told['db']} {told['command']}".encode())
        except (RedisError, OSError, ValueError):
            # Its connection was closed, by the end of the block or of the server.
            begun.set()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert begun.wait(30)
    try:
        yield commands
    finally:
        killer = Redis.from_url(url)
        for each in killer.client_list():
            if each.get("cmd") == "monitor":
                killer.client_kill_filter(_id=each["id"])
        thread.join(10)
        killer.close()
        client.close()
