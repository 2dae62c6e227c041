"""A TCP proxy that can be slow, deaf, mute or dead.

What is held back is held, not dropped: after a real partition TCP sends again what was lost, so a healed connection
goes on where it was.
"""

import asyncio
import socket
import struct
from enum import StrEnum

from millrace.testing.loop import Loop

_CHUNK = 1 << 16
_LINGER = struct.pack("ii", 1, 0)
"""Close by RST (`SO_LINGER` with a time of zero)."""


class Mode(StrEnum):
    """What the proxy does with bytes and with connections."""

    PASS = "pass"
    LATENCY = "latency"
    """Each chunk is `seconds` late, in each direction."""
    BLACKHOLE = "blackhole"
    """Connections are taken and nothing comes through in either direction."""
    ONE_WAY = "one_way"
    """Requests come through, answers do not."""
    RESET = "reset"
    """Every connection is reset, new ones too."""
    DOWN = "down"
    """Nobody listens."""


_DEAD = (Mode.RESET, Mode.DOWN)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class TcpProxy:
    """A proxy on loopback before one upstream address. `seen` counts connections, `held` chunks that had to wait."""

    def __init__(self, loop: Loop, host: str, port: int) -> None:
        self._loop, self._upstream = loop, (host, port)
        self.mode, self.seconds = Mode.PASS, 0.0
        self.seen = self.held = self.cut = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        loop.call(self._listen())

    def set(self, mode: Mode, seconds: float = 0.0) -> None:
        """Behave like this from now on."""
        self._loop.call(self._set(mode, seconds))

    def close(self) -> None:
        """Listen no more and cut every connection."""
        self._loop.call(self._set(Mode.DOWN, 0))

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, reuse_address=True)

    async def _set(self, mode: Mode, seconds: float) -> None:
        self.mode, self.seconds = mode, seconds
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        if mode in _DEAD:
            for writer in list(self._writers):
                self._cut(writer)
        if mode is Mode.DOWN and self._server is not None:
            self._server.close()
            self._server = None
        elif mode is not Mode.DOWN and self._server is None:
            await self._listen()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen += 1
        if self.mode in _DEAD:
            return self._cut(writer)
        try:
            upstream = await asyncio.open_connection(*self._upstream)
        except OSError:
            return self._cut(writer)
        self._writers |= {writer, upstream[1]}
        await asyncio.gather(self._pump(reader, upstream[1], False), self._pump(upstream[0], writer, True))
        self._writers -= {writer, upstream[1]}
        return None

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: bool) -> None:
        try:
            while data := await reader.read(_CHUNK):
                await self._gate(answers)
                writer.write(data)
                await writer.drain()
        except OSError:
            self._cut(writer)
        finally:
            writer.close()

    async def _gate(self, answers: bool) -> None:
        if self.mode is Mode.LATENCY:
            await asyncio.sleep(self.seconds)
        while self.mode is Mode.BLACKHOLE or (self.mode is Mode.ONE_WAY and answers):
            self.held += 1
            await self._changed.wait()

    def _cut(self, writer: asyncio.StreamWriter) -> None:
        self.cut += 1
        raw = writer.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        writer.transport.abort()
