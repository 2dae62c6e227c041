"""Whose file is parsed next: no tenant keeps the children from the others, and refused files cost something."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from millrace.ingestion.errors import RateLimited
from millrace.ingestion.failures import WINDOW_S, Counts

REFUSED_S = 20.0
"""Seconds of a child in a minute that a tenant may spend on files of which nothing comes. Most take milliseconds."""
AGAIN_S = 2


@dataclass(kw_only=True)
class Turns:
    """Lets each tenant have one child, or one place in the queue for one, at a time. The tenant's others wait."""

    patience_s: float
    refused: Counts = field(default_factory=lambda: Counts(REFUSED_S))
    _lines: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)

    @asynccontextmanager
    async def take(self, tenant: str) -> AsyncIterator[None]:
        """The tenant's turn; RateLimited when it does not come in time, or after too many refused files."""
        self._check(tenant)
        line = self._lines.setdefault(tenant, asyncio.Lock())
        try:
            async with asyncio.timeout(self.patience_s):
                await line.acquire()
        except TimeoutError:
            raise RateLimited(f"other files of yours are at work; send it again in {AGAIN_S} s", AGAIN_S) from None
        try:
            self._check(tenant)
            yield
        finally:
            line.release()

    def _check(self, tenant: str) -> None:
        if self.refused.full(tenant):
            detail = f"too many files that could not be taken; wait {WINDOW_S} s and look into their refusals"
            raise RateLimited(detail, WINDOW_S)
