"""Child processes for what is hostile or heavy: a file or a page that goes wrong takes no more than itself with it."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import ParamSpec, TypeVar

from millrace.ingestion.errors import ChildFailed

Args = ParamSpec("Args")
Result = TypeVar("Result")


@dataclass
class Children:
    """So many processes that begin with the first call, or with `start`."""

    processes: int
    timeout_s: float
    _pool: ProcessPoolExecutor | None = field(default=None)

    def start(self) -> None:
        """Begin the children and have them import what they need."""
        pool = self._begin()
        for _ in range(self.processes):
            pool.submit(_nothing).result()

    def stop(self) -> None:
        """End the children."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    async def call(self, function: Callable[Args, Result], *args: Args.args, **kwargs: Args.kwargs) -> Result:
        """What the function gives in a child, or raises there; ChildFailed when it dies or takes too long."""
        assert not kwargs  # noqa: S101 - executors take positional arguments only
        pool = self._pool or self._begin()
        future = asyncio.get_running_loop().run_in_executor(pool, function, *args)
        try:
            return await asyncio.wait_for(future, self.timeout_s)
        except (TimeoutError, BrokenProcessPool) as error:
            self._kill(pool)
            raise ChildFailed("a child died or took too long") from error

    def _begin(self) -> ProcessPoolExecutor:
        spawn = get_context("spawn")
        self._pool = ProcessPoolExecutor(self.processes, mp_context=spawn, initializer=_end_with_parent)
        return self._pool

    def _kill(self, pool: ProcessPoolExecutor) -> None:
        """End the children of this pool alone: others may have begun anew since."""
        for process in list((pool._processes or {}).values()):
            process.kill()
        if self._pool is pool:
            self._pool = None


def _end_with_parent() -> None:
    """A child holds an end of its own pipe and would wait for a parent that was killed for ever."""
    parent = parent_process()
    assert parent is not None  # noqa: S101 - runs in a child

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _nothing() -> None:
    """Starts a child and with it the imports of this module."""
