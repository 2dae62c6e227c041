"""Look-ups that are remembered for a while, for code on the event loop."""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from cachetools import TTLCache
from fastapi.concurrency import run_in_threadpool

Found = TypeVar("Found")


class Remembered(Generic[Found]):
    """What a blocking look-up said, and of what it said that there is nothing; both bounded in number and age.

    What is remembered costs no change of thread. Many who miss the same name at once share one look-up.
    """

    def __init__(
        self, look_up: Callable[[str], Found | None], size: int, seconds: float,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._look_up = look_up
        self._known: TTLCache[str, Found] = TTLCache(size, seconds, timer)
        # Apart, so that made-up names cannot push out those that exist.
        self._missing: TTLCache[str, bool] = TTLCache(size, seconds, timer)
        self._looking: dict[str, asyncio.Task[Found | None]] = {}

    def known(self, name: str) -> Found | None:
        """What `find` gives without a look-up; None too when that would look for it."""
        return self._known.get(name)

    async def find(self, name: str) -> Found | None:
        """What there is under the name; None for nothing. Raises what the look-up raises, which is not remembered."""
        found = self._known.get(name)
        if found is not None or name in self._missing:
            return found
        looking = self._looking.get(name)
        if looking is None:
            looking = self._looking[name] = asyncio.create_task(self._look(name))
        # One who leaves must not take the look-up from those who wait for it too.
        return await asyncio.shield(looking)

    async def _look(self, name: str) -> Found | None:
        try:
            found = await run_in_threadpool(self._look_up, name)
        finally:
            del self._looking[name]
        if found is None:
            self._missing[name] = True
        else:
            self._known[name] = found
        return found
