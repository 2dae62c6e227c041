"""A consumer of every temper. The first part of the path says how it behaves; everything that it gets is written down.

`/ok`; `/error/2` answers 500 twice and then takes it; likewise `busy` (429 with Retry-After), `hang`, `drip`, `reset`,
`redirect` (to `/trap`, where nobody may ever come), `lie` (keeps it and answers 500), `mute` (keeps it and hangs up).
`/huge` takes it and answers without end.
"""

import asyncio
import contextlib
import hashlib
import json
import socket
import struct
import time
from collections import Counter
from dataclasses import dataclass

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from tests.chaos.ledger import Called, Ledger

from millrace.testing.loop import Loop

PATIENCE_S = 20.0
"""How long a hanging answer hangs; above any patience of the sender."""
_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
_HUGE = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
_SHORT = {
    "error": b"HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    "lie": b"HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    "busy": b"HTTP/1.1 429 Later\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    "redirect": b"HTTP/1.1 302 There\r\nlocation: /trap\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    "mute": b"",
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, as far as it matters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Listens on loopback; `url("error/1")` is an address of that temper. `trapped` counts followed redirects."""

    def __init__(self, loop: Loop, ledger: Ledger, secret: str) -> None:
        self._loop, self._ledger, self._webhook = loop, ledger, Webhook(secret)
        self._arrivals: Counter[str] = Counter()
        self.trapped = 0
        self._server = loop.call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = int(self._server.sockets[0].getsockname()[1])

    def url(self, temper: str) -> str:
        """Where to be called back."""
        return f"http://127.0.0.1:{self.port}/{temper}"

    def close(self) -> None:
        """Listen no more."""
        self._loop.call(self._close())

    async def _close(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled when the suite ends while somebody is still being kept waiting.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = await _read(reader)
            temper, _, times = request.path.lstrip("/").partition("/")
            if temper == "trap":
                self.trapped += 1
            arrival = self._note(request)
            patient = arrival > int(times or 0)
            await _behave(writer, "ok" if patient and temper != "huge" else temper)
        writer.close()

    def _note(self, request: Request) -> int:
        event = request.headers.get("webhook-id", "")
        self._arrivals[event] += 1
        try:
            self._webhook.verify(request.body, request.headers)
            verified = True
        except WebhookVerificationError:
            verified = False
        data = json.loads(request.body).get("data", {}) if request.body else {}
        self._ledger.add(
            Called(
                at=time.time(), path=request.path, event_id=event, run_id=str(data.get("run_id", "")),
                tenant=str(data.get("tenant", "")), attempt=int(data.get("attempt", 0)),
                digest=hashlib.sha256(request.body).hexdigest(), verified=verified, arrival=self._arrivals[event],
            )
        )  # fmt: skip
        return self._arrivals[event]


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method=method, path=path, headers=headers, body=body)


async def _behave(writer: asyncio.StreamWriter, temper: str) -> None:
    if temper in _SHORT:
        writer.write(_SHORT[temper])
        await writer.drain()
    elif temper == "hang":
        await asyncio.sleep(PATIENCE_S)
    elif temper == "drip":
        await _drip(writer)
    elif temper == "reset":
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    elif temper == "huge":
        writer.write(_HUGE)
        for _ in range(1024):
            writer.write(b"x" * (1 << 16))
            await writer.drain()
    else:
        writer.write(_OK)
        await writer.drain()


async def _drip(writer: asyncio.StreamWriter) -> None:
    """One byte of the answer's head each half second."""
    for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"x" * int(PATIENCE_S):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.5)
