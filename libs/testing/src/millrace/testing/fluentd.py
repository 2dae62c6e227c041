"""A fluentd on loopback: takes records by the forward protocol, and acknowledges them, or does not."""

import socketserver
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

import msgpack

PATIENCE_S = 30.0
"""Bounds a hang; nothing is expected to take as long."""


class Manner(StrEnum):
    """How it behaves towards whoever connects."""

    TAKES = "takes"
    """As it should."""
    FORGETS = "forgets"
    """It takes records and never acknowledges them."""
    HANGS = "hangs"
    """It reads nothing."""
    HANGS_UP = "hangs_up"
    """It takes records, and closes the connection instead of acknowledging them."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A record that came."""

    tag: str
    at: float
    """Seconds of the epoch."""
    chunk: str
    line: dict[str, Any]


@dataclass(kw_only=True)
class Fluentd:
    """The server; a context manager that is on a port of the system's choosing."""

    manner: Manner = Manner.TAKES
    port: int = 0
    _entries: list[Entry] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", self.port), _Connection)
        self._server.fluentd = self
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
    def address(self) -> str:
        """`host:port`, as the setting wants it."""
        return f"127.0.0.1:{self.port}"

    def entries(self, action: str = "") -> list[Entry]:
        """What came so far, as often as it came; only of one action when it is named."""
        with self._changed:
            return [each for each in self._entries if each.line.get("action") == action or not action]

    def wait_for(self, action: str, count: int = 1) -> list[Entry]:
        """Wait until so many of an action have come."""
        give_up = time.monotonic() + PATIENCE_S
        while len(found := self.entries(action)) < count:
            with self._changed:
                if not self._changed.wait(give_up - time.monotonic()):
                    seen = [each.line.get("action") for each in self._entries]
                    raise AssertionError(f"{action!r} never came {count} times, but {seen}")
        return found

    def take(self, message: Any) -> str:
        """Keep the records of a message of any of the protocol's modes; its chunk, which is to be acknowledged."""
        tag, entries, option = message
        if isinstance(entries, bytes):
            unpacker = msgpack.Unpacker()
            unpacker.feed(entries)
            entries = list(unpacker)
        chunk = option["chunk"]
        if option.get("size", len(entries)) != len(entries):
            raise AssertionError(f"{len(entries)} records, but {option} says otherwise")
        kept = [Entry(tag=tag, at=_seconds(at), chunk=chunk, line=line) for at, line in entries]
        with self._changed:
            self._entries.extend(kept)
            self._changed.notify_all()
        return str(chunk)

    def wait_until_over(self) -> None:
        """Hang until the server is ended."""
        self._over.wait(PATIENCE_S)


class _Server(socketserver.ThreadingTCPServer):
    fluentd: Fluentd
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        fluentd, unpacker = self.server.fluentd, msgpack.Unpacker()
        if fluentd.manner is Manner.HANGS:
            fluentd.wait_until_over()
            return
        while data := _read(self.request):
            unpacker.feed(data)
            for message in unpacker:
                chunk = fluentd.take(message)
                if fluentd.manner is Manner.HANGS_UP:
                    return
                if fluentd.manner is Manner.TAKES:
                    self.request.sendall(msgpack.packb({"ack": chunk}))


def _read(connection: Any) -> bytes:
    try:
        return bytes(connection.recv(1 << 16))
    except ConnectionResetError:
        return b""


def _seconds(at: Any) -> float:
    """An EventTime or plain seconds."""
    if isinstance(at, msgpack.ExtType):
        return int.from_bytes(at.data[:4], "big") + int.from_bytes(at.data[4:], "big") / 1e9
    return float(at)
