"""Posts over kept connections, cheap enough that the server is what is measured."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from httptools import HttpResponseParser


@dataclass(frozen=True, kw_only=True)
class Done:
    """One answered request."""

    status: int
    seconds: float
    """From when it was due to its answer's last byte."""


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._parser = HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server closed the connection"))

    def on_message_complete(self) -> None:
        assert self._answer is not None
        if not self._answer.done():
            self._answer.set_result(self._parser.get_status_code())
        self._parser = HttpResponseParser(self)

    @property
    def open(self) -> bool:
        """Whether it may still be used."""
        return self._transport is not None and not self._transport.is_closing()

    async def post(self, request: bytes) -> int:
        """The answer's status."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


@dataclass
class Server:
    """Where to post to, over as many connections as are needed at once."""

    port: int
    _free: list[Connection] = field(default_factory=list)

    async def post(self, request: bytes, due: float) -> Done:
        """Post now; the time counts from when it was due, however late this is."""
        connection = self._idle() or await self._connect()
        status = await connection.post(request)
        self._free.append(connection)
        return Done(status=status, seconds=time.perf_counter() - due)

    def _idle(self) -> Connection | None:
        """One that is not in use; the server closes those that nobody used for a while."""
        while self._free:
            connection = self._free.pop()
            if connection.open:
                return connection
        return None

    def close(self) -> None:
        for connection in self._free:
            connection.close()
        self._free.clear()

    async def _connect(self) -> Connection:
        _, made = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", self.port)
        return made


async def steady(server: Server, request: Callable[[int], bytes], per_s: float, seconds: float) -> list[Done]:
    """Post on schedule, whether or not earlier requests are answered: a slow server does not slow us down."""
    loop, began = asyncio.get_running_loop(), time.perf_counter()
    posts = []
    for number in range(int(per_s * seconds)):
        due = began + number / per_s
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        posts.append(loop.create_task(server.post(request(number), due)))
    return list(await asyncio.gather(*posts))


async def flat_out(server: Server, request: Callable[[int], bytes], senders: int, seconds: float) -> Sequence[Done]:
    """Post one after the other from so many senders."""
    done: list[Done] = []
    end = time.perf_counter() + seconds

    async def send(number: int) -> None:
        while (at := time.perf_counter()) < end:
            done.append(await server.post(request(number), at))
            number += senders

    await asyncio.gather(*(send(number) for number in range(senders)))
    return done
