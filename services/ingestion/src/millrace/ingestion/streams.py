"""Live progress: a run's events as they happen, for as long as somebody listens (server-sent events, WHATWG HTML 9.2).

A stream holds no thread: it waits on the event loop and borrows a thread for each look at the record.
"""

import asyncio
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.types import Receive, Scope, Send

from millrace.contracts.events import events_after, is_over
from millrace.contracts.run import RunEvent, RunRecord
from millrace.ingestion.errors import TooManyStreams
from millrace.ingestion.watching import MemoryWatch, Watch
from millrace.storage.errors import Unavailable
from millrace.storage.ports import RunStore

MEDIA_TYPE: Final = "text/event-stream"
RETRY_MS: Final = 1_000
"""After how long a client connects again, as the stream tells it."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often a stream does what, in seconds."""

    heartbeat_s: float = 15.0
    look_s: float = 5.0
    """A run that nobody announced a change of is looked at all the same."""
    look_alone_s: float = 1.0
    """The same while announcements cannot be heard."""
    key_s: float = 20.0
    """The caller's key is looked at again; with the time for which keys are remembered, less than a minute."""
    longest_s: float = 900.0
    """Then the client has to connect again, maybe to another replica."""


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Whom a stream is for."""

    tenant: str
    run_id: str
    last: str = ""
    """The id of the event that was seen last."""
    allowed: Callable[[], Awaitable[bool]]
    """Whether the caller's key is still good."""


@dataclass(kw_only=True)
class Streams:
    """The streams that this process has open."""

    runs: RunStore
    watch: Watch = field(default_factory=MemoryWatch)
    most: int = 500
    most_of_tenant: int = 50
    pace: Pace = field(default_factory=Pace)
    clock: Callable[[], float] = time.monotonic
    _open: Counter[str] = field(default_factory=Counter)
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def open(self) -> int:
        """How many there are."""
        return self._open.total()

    def end(self) -> None:
        """End every stream: the process is to stop. Its clients connect again, to another one."""
        self._ending.set()

    def take(self, tenant: str) -> Callable[[], None]:
        """A place for a stream, to be given back by calling what this returns; TooManyStreams when there is none."""
        if self.open >= self.most or self._open[tenant] >= self.most_of_tenant:
            raise TooManyStreams(f"{self.most_of_tenant} streams of a tenant may be open; end one, or come back")
        self._open[tenant] += 1

        def give_back() -> None:
            self._open[tenant] -= 1
            if not self._open[tenant]:
                del self._open[tenant]

        return give_back

    async def told(self, listener: Listener) -> AsyncIterator[bytes]:
        """What has happened to the run since, and what happens, until its last event."""
        yield format_sse_event(retry=RETRY_MS)
        last, clocks = listener.last, _Clocks(self.pace, self.clock)
        with self.watch.on(listener.tenant, listener.run_id) as changed:
            while not clocks.over and not self._ending.is_set():
                changed.clear()
                record = await self._look(listener)
                if record is not None:
                    for event in events_after(record, last):
                        yield encoded(event)
                        last = event.id
                    if is_over(record):
                        return
                clocks.looked(self.watch.live)
                while not clocks.look_due and not changed.is_set() and not self._ending.is_set():
                    await self._wait(changed, clocks.pause)
                    if clocks.beat():
                        yield b": \n\n"
                    if clocks.check() and not await listener.allowed():
                        return

    async def _look(self, listener: Listener) -> RunRecord | None:
        """The run; None while the store does not answer."""
        try:
            return await run_in_threadpool(self.runs.get, listener.tenant, listener.run_id)
        except Unavailable:
            return None

    async def _wait(self, changed: asyncio.Event, seconds: float) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (changed, self._ending)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()


class _Clocks:
    """When a stream has to do what next."""

    def __init__(self, pace: Pace, clock: Callable[[], float]) -> None:
        at = clock()
        self._pace, self._clock = pace, clock
        self._end, self._beat, self._check, self._look = at + pace.longest_s, at, at + pace.key_s, at
        self._beat += pace.heartbeat_s

    @property
    def over(self) -> bool:
        """Whether the stream has lasted for as long as one may."""
        return self._clock() >= self._end

    @property
    def look_due(self) -> bool:
        """Whether the run is to be looked at, announced or not."""
        return self._clock() >= min(self._look, self._end)

    @property
    def pause(self) -> float:
        """Seconds until something is due."""
        return max(0.0, min(self._look, self._beat, self._check, self._end) - self._clock())

    def looked(self, live: bool) -> None:
        """The run was looked at; `live`: whether a change will be heard of."""
        self._look = self._clock() + (self._pace.look_s if live else self._pace.look_alone_s)

    def beat(self) -> bool:
        """Whether a sign of life is due; the next one is then later."""
        due = self._clock() >= self._beat
        if due:
            self._beat = self._clock() + self._pace.heartbeat_s
        return due

    def check(self) -> bool:
        """Whether the key is to be looked at; the next time is then later."""
        due = self._clock() >= self._check
        if due:
            self._check = self._clock() + self._pace.key_s
        return due


def encoded(event: RunEvent) -> bytes:
    """The event on the wire; what does not apply to its type is left out."""
    # In ASCII: clients that split text into lines do so at U+2028 and U+0085, too.
    data = event.model_dump_json(exclude_defaults=True, ensure_ascii=True)
    return format_sse_event(data_str=data, event=event.type.value, id=event.id)


def end_with_process(end: Callable[[], None]) -> None:
    """Call this on the event loop when the process is told to stop: uvicorn waits for open answers without an end.

    Before what is there for the signal now (https://github.com/Kludex/uvicorn/discussions/2200).
    """
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def handle(given: int, frame: FrameType | None, before: object = before) -> None:
            loop.call_soon_threadsafe(end)
            if callable(before):
                before(given, frame)

        signal.signal(number, handle)


class EventStream(StreamingResponse):
    """A stream that gives its place back when it ends, also when its client went away between two events."""

    def __init__(self, told: AsyncIterator[bytes], give_back: Callable[[], None]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(told, media_type=MEDIA_TYPE, headers=headers)
        self._told, self._give_back = told, give_back

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `StreamingResponse`."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._give_back()
            await self._told.aclose()  # type: ignore[attr-defined]
