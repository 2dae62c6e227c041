"""What the host of a callback URL resolves to, for as long as a request may wait for it.

Whoever owns a name also decides how long its resolution takes, and a look-up cannot be ended once it has begun. So they
have threads of their own, and a tenant has few of them.
"""

import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from millrace.ingestion.errors import RateLimited
from millrace.worker.names import Resolver, resolve

RESOLVE_S: Final = 2.0
"""Patience with a name's resolution. What takes longer is judged when it is connected to, like every other."""
THREADS: Final = 8
MOST: Final = 16
"""Look-ups at a time, those that nobody waits for any more counted: half of the threads in which runs are accepted."""
MOST_OF_TENANT: Final = 2
AGAIN_S: Final = 5


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, "resolve")


@dataclass(kw_only=True)
class Lookups:
    """Resolves names in threads of its own."""

    resolve: Resolver = resolve
    patience_s: float = RESOLVE_S
    _pending: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor = field(default_factory=_threads)

    def find(self, tenant: str, host: str, port: int) -> tuple[str, ...]:
        """The name's addresses; TimeoutError, RateLimited while too many are looked up, or what `resolve` raises."""
        with self._lock:
            if self._pending[tenant] >= MOST_OF_TENANT or self._pending.total() >= MOST:
                detail = f"other new callback hosts are being resolved; send it again in {AGAIN_S} s"
                raise RateLimited(detail, AGAIN_S)
            self._pending[tenant] += 1
        work = self._pool.submit(self.resolve, host, port)
        work.add_done_callback(partial(self._done, tenant))
        try:
            return work.result(self.patience_s)
        except TimeoutError:
            work.cancel()
            raise

    def _done(self, tenant: str, _: "Future[tuple[str, ...]]") -> None:
        with self._lock:
            self._pending[tenant] -= 1
            if not self._pending[tenant]:
                del self._pending[tenant]
