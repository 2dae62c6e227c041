"""Out of the ingestion service: a run's first message, what is asked of it later, and the child that parses files."""

import asyncio
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import Protocol

from celery import Celery

from millrace.contracts.catalogue import ADVANCE, CANCEL, REDRIVE
from millrace.contracts.messages import Advance, Cancel, Redrive
from millrace.contracts.run import RunRecord
from millrace.ingestion.body import Options, ReadBody, read_body
from millrace.ingestion.domain.errors import BadFile
from millrace.worker.publish import publish

PARSE_TIMEOUT_S = 10.0


class Starter(Protocol):
    """Sends a run on its way."""

    def start(self, record: RunRecord) -> None:
        """Publish the run's first message."""


@dataclass(frozen=True)
class CeleryStarter:
    """The first message over the broker."""

    app: Celery

    def start(self, record: RunRecord) -> None:
        """See `Starter`."""
        message = Advance(**record.head)
        publish(self.app, ADVANCE, message, f"{record.run_id}:1:start")


class Asker(Protocol):
    """Passes on what a producer asks of a run. Raises when it cannot: no sweep would make up for it."""

    def cancel(self, record: RunRecord, reason: str) -> None:
        """Ask for the end of the run's attempt."""

    def redrive(self, record: RunRecord, start: str) -> None:
        """Ask for a new attempt of the run."""


@dataclass(frozen=True)
class CeleryAsker:
    """Asks over the broker. The attempt travels along, so that a message that comes late or again does nothing."""

    app: Celery

    def cancel(self, record: RunRecord, reason: str) -> None:
        """See `Asker`."""
        message = Cancel(
            **record.head,
            reason=reason,
        )  # fmt: skip
        publish(self.app, CANCEL, message, f"{record.run_id}:{record.attempt}:cancel")

    def redrive(self, record: RunRecord, start: str) -> None:
        """See `Asker`."""
        message = Redrive(
            **record.head,
            start=start,
        )  # fmt: skip
        publish(self.app, REDRIVE, message, f"{record.run_id}:{record.attempt}:redrive")


class Reader(Protocol):
    """Reads request bodies."""

    async def read(self, data: bytes, options: Options) -> ReadBody:
        """The batch in a body; BadFile when it is none."""


@dataclass
class ParserPool:
    """Parses in child processes, so that a hostile or large file never blocks the event loop."""

    processes: int = 1
    _pool: ProcessPoolExecutor | None = field(default=None)

    def start(self) -> None:
        """Begin the children and have them import what they need."""
        self._pool = ProcessPoolExecutor(self.processes, mp_context=get_context("spawn"), initializer=_end_with_parent)
        for _ in range(self.processes):
            self._pool.submit(_nothing).result()

    def stop(self) -> None:
        """End the children."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    async def read(self, data: bytes, options: Options) -> ReadBody:
        """See `Reader`. A child that dies or hangs on a file takes only that file with it."""
        if self._pool is None:
            self.start()
        assert self._pool is not None  # noqa: S101 - started above
        future = asyncio.get_running_loop().run_in_executor(self._pool, read_body, data, options)
        try:
            return await asyncio.wait_for(future, PARSE_TIMEOUT_S)
        except (TimeoutError, BrokenProcessPool) as error:
            self._kill()
            raise BadFile("unreadable", "the file could not be parsed within its limits") from error

    def _kill(self) -> None:
        if self._pool is not None:
            for process in list(self._pool._processes.values()):
                process.kill()
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
