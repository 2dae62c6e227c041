"""Runs that are watched: who waits for a change of one is woken by its announcement, or after a while all the same."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from millrace.storage.announcing import channel
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

AGAIN_S = 1.0
"""Pause before another connection is tried."""
_ALWAYS = "run:"
"""Subscribed to for as long as there is a connection: one without subscriptions cannot be read from."""


class Watch(Protocol):
    """Tells of changes of runs."""

    @property
    def live(self) -> bool:
        """Whether announcements are heard at present; if not, who waits should look more often."""

    def on(self, tenant: str, run_id: str) -> AbstractContextManager[asyncio.Event]:
        """Watch a run for as long as the block lasts. The event is set when it may have changed."""


@dataclass
class RedisWatch:
    """One connection for all that this process watches, kept while there is anything to watch. No thread is held."""

    client: "Redis"
    _waiting: dict[str, set[asyncio.Event]] = field(default_factory=dict)
    _listener: asyncio.Task[None] | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when other runs than before are watched."""
    live: bool = False

    @contextmanager
    def on(self, tenant: str, run_id: str) -> Iterator[asyncio.Event]:
        """See `Watch`."""
        name, mine = channel(tenant, run_id), asyncio.Event()
        self._waiting.setdefault(name, set()).add(mine)
        self._changed.set()
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())
        try:
            yield mine
        finally:
            self._waiting[name].discard(mine)
            if not self._waiting[name]:
                del self._waiting[name]
            self._changed.set()
            if not self._waiting:
                self._listener.cancel()
                self._listener = None

    async def close(self) -> None:
        """Give the connection back."""
        await self.client.aclose()

    async def _listen(self) -> None:
        try:
            while True:
                try:
                    await self._connected()
                except (RedisError, OSError) as error:
                    log.warning("watch_lost", extra={"action": "watch_lost", "error": type(error).__name__})
                self.live = False
                await asyncio.sleep(AGAIN_S)
        finally:
            self.live = False

    async def _connected(self) -> None:
        """Hear what is announced until the connection ends."""
        async with self.client.pubsub() as heard:
            await heard.subscribe(_ALWAYS)
            reading = asyncio.create_task(self._read(heard))
            try:
                known: set[str] = set()
                while not reading.done():
                    self._changed.clear()
                    known = await self._subscribe(heard, known)
                    changed = asyncio.create_task(self._changed.wait())
                    await asyncio.wait((reading, changed), return_when=asyncio.FIRST_COMPLETED)
                    changed.cancel()
                await reading
            finally:
                reading.cancel()
                with suppress(asyncio.CancelledError, RedisError, OSError):
                    await reading

    async def _subscribe(self, heard: object, known: set[str]) -> set[str]:
        wanted = set(self._waiting)
        if new := sorted(wanted - known):
            await heard.subscribe(*new)  # type: ignore[attr-defined]
        if old := sorted(known - wanted):
            await heard.unsubscribe(*old)  # type: ignore[attr-defined]
        return wanted

    async def _read(self, heard: object) -> None:
        """Wake who waits for a run at each message about it: its subscription's own too, so that nothing falls between
        the last look and that.
        """
        while True:
            message = await heard.get_message(timeout=None)  # type: ignore[attr-defined]
            if message is None:
                continue
            self.live = True
            for event in self._waiting.get(message["channel"].decode(), ()):
                event.set()


def connect_watch(redis_url: str) -> RedisWatch:
    """A watch over this Redis. Connects with the first run that is watched."""
    return RedisWatch(Redis.from_url(redis_url, socket_connect_timeout=1.0, health_check_interval=10))


@dataclass
class MemoryWatch:
    """Wakes nobody: who waits looks again when its time has come."""

    live: bool = False

    @contextmanager
    def on(self, tenant: str, run_id: str) -> Iterator[asyncio.Event]:
        """See `Watch`."""
        yield asyncio.Event()
