"""Child processes for what is hostile or heavy: a file or a page that goes wrong takes no more than itself with it."""

import asyncio
import math
import os
import resource
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import TypeVar, TypeVarTuple

from millrace.ingestion.domain.errors import IngestionError
from millrace.ingestion.errors import ChildBroken, ChildDied, ChildFailed
from millrace.ingestion.turns import Turns
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a child may use; the kernel ends a child that wants more (setrlimit(2))."""

    data_bytes: int
    """Of its own memory, files and libraries not counted; an allocation beyond it fails (RLIMIT_DATA)."""
    cpu_s: int
    """CPU seconds of one call (RLIMIT_CPU)."""


@dataclass(kw_only=True)
class Children:
    """So many processes that begin with the first call, or with `start`. Each works for one call at a time.

    Whoever calls while all are at work waits for the first that is free: nobody shares a child with a file that kills
    it.
    """

    processes: int
    timeout_s: float
    """Seconds that a call may take once a child works for it."""
    patience_s: float
    """Seconds that a call may wait for a child."""
    limits: Limits | None = None
    _turns: Turns = field(init=False)
    _idle: list["_Child"] = field(default_factory=list)
    _waiting: deque["asyncio.Future[_Child]"] = field(default_factory=deque)
    _busy: int = 0

    def __post_init__(self) -> None:
        self._turns = Turns(patience_s=self.patience_s)

    def start(self) -> None:
        """Begin the children and have them import what they need."""
        self._idle += [_Child() for _ in range(self.processes - self._busy - len(self._idle))]
        for child in self._idle:
            child.ready()

    def stop(self) -> None:
        """End the children."""
        for child in self._idle:
            child.stop()
        self._idle.clear()

    async def call(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """What the function gives in a child, or raises there.

        ChildFailed when no child is free in time, ChildBroken when the function broke its child, ChildDied when the
        child was killed or took too long.
        """
        return await self._work(await self._free(), function, *args)

    async def call_for(self, tenant: str, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """See `call`; RateLimited when the tenant has too much at work, or spent too long on what was refused."""
        async with self._turns.take(tenant):
            child, began = await self._free(), time.monotonic()
            try:
                return await self._work(child, function, *args)
            except (IngestionError, MemoryError):
                self._turns.refused.add(tenant, time.monotonic() - began)
                raise

    async def _work(self, child: "_Child", function: Callable[[*Args], Result], *args: *Args) -> Result:
        began, ended = time.monotonic(), True
        try:
            child, work = self._submitted(child, function, *args)
            result = await asyncio.wait_for(asyncio.wrap_future(work), self.timeout_s)
        except (TimeoutError, BrokenProcessPool, asyncio.CancelledError) as error:
            exit_code = child.kill(function.__name__, type(error).__name__, time.monotonic() - began)
            if isinstance(error, asyncio.CancelledError):
                raise
            # The kernel kills too, when the machine is out of memory: that need not be this call's fault.
            if isinstance(error, BrokenProcessPool) and exit_code != -signal.SIGKILL:
                raise ChildBroken("the work broke its child") from error
            raise ChildDied("a child was killed or took too long; try again") from error
        except BaseException:
            ended = False
            raise
        else:
            ended = False
            return result
        finally:
            self._release(_Child() if ended else child)

    def _submitted(
        self, child: "_Child", function: Callable[[*Args], Result], *args: *Args
    ) -> tuple["_Child", Future[Result]]:
        """The work and who does it: another child, if this one died while it had nothing to do."""
        try:
            return child, child.submit(self.limits, function, *args)
        except BrokenProcessPool:
            child.stop()
            fresh = _Child()
            return fresh, fresh.submit(self.limits, function, *args)

    async def _free(self) -> "_Child":
        if self._idle or self._busy < self.processes:
            self._busy += 1
            return self._idle.pop() if self._idle else _Child()
        mine: asyncio.Future[_Child] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            async with asyncio.timeout(self.patience_s):
                return await mine
        except (TimeoutError, asyncio.CancelledError) as error:
            if mine.done() and not mine.cancelled():
                # It came in the very moment in which the wait ended.
                self._release(mine.result())
            if isinstance(error, asyncio.CancelledError):
                raise
            raise ChildFailed("every child is at work for others; try again") from None

    def _release(self, child: "_Child") -> None:
        """Hand the child on to whoever has waited for longest."""
        while self._waiting:
            next_one = self._waiting.popleft()
            if not next_one.done():
                next_one.set_result(child)
                return
        self._busy -= 1
        self._idle.append(child)


class _Child:
    """One process, begun with its first call."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_end_with_parent)
        self._process: BaseProcess | None = None

    def ready(self) -> None:
        """Wait until the process has begun."""
        self._pool.submit(_nothing).result()

    def submit(self, limits: Limits | None, function: Callable[[*Args], Result], *args: *Args) -> Future[Result]:
        """Have the process work for this call."""
        work = self._pool.submit(_within, limits, function, args)
        (self._process,) = self._pool._processes.values()
        return work

    def stop(self) -> None:
        """Let the process end."""
        self._pool.shutdown(cancel_futures=True)

    def kill(self, task: str, reason: str, seconds: float) -> int | None:
        """End the process, if it has not ended itself, and say so. Its exit code; a signal's number is negative."""
        process = self._process
        if process is None:
            return None
        process.kill()
        # The pool's own thread waits for the process too, and only one of them learns how it ended.
        self._pool.shutdown(cancel_futures=True)
        about = {"pid": process.pid, "exit_code": process.exitcode, "seconds": round(seconds, 3)}
        log.warning("child_killed", extra={"action": "child_killed", "task": task, "reason": reason, **about})
        return process.exitcode


def _within(limits: Limits | None, function: Callable[[*Args], Result], args: tuple[*Args]) -> Result:
    """The function's result, in a child. The CPU time of earlier calls does not count."""
    if limits is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _lower(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime) + limits.cpu_s)
        _lower(resource.RLIMIT_DATA, limits.data_bytes)
    return function(*args)


def _lower(what: int, soft: int) -> None:
    """Set a soft limit within the hard one, which stays."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _end_with_parent() -> None:
    """A child holds an end of its own pipe and would wait for a parent that was killed for ever."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold somebody's file
    parent = parent_process()
    if parent is None:
        raise RuntimeError("this runs in a child only")

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _nothing() -> None:
    """Starts a child and with it the imports of this module."""
