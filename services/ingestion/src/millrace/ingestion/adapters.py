"""Out of the ingestion service: a run's messages, and the children that parse files and draw pages."""

from dataclasses import dataclass
from typing import Protocol

from celery import Celery
from pydantic import ValidationError

from millrace.contracts.catalogue import ADVANCE, CANCEL, REDRIVE
from millrace.contracts.messages import Advance, Cancel, Redrive
from millrace.contracts.report import Report
from millrace.contracts.run import RunRecord
from millrace.ingestion.body import Options, ReadBody, read_body
from millrace.ingestion.children import Children, Limits
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.errors import ChildBroken, NoPage
from millrace.worker.publish import publish

PARSE_TIMEOUT_S = 10.0
PARSE_LIMITS = Limits(data_bytes=768 << 20, cpu_s=8)
"""The ingestion container's memory, less the API itself, and what the largest file takes several times over."""
PAGE_TIMEOUT_S = 30.0
PATIENCE_S = 5.0
"""Seconds that a request waits for a child that works for others."""


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
    """Tells the orchestrator that something was asked of a run. A message that is lost is made up for by the sweep."""

    def ask(self, record: RunRecord) -> None:
        """Tell what is pending in the record."""


@dataclass(frozen=True)
class CeleryAsker:
    """Tells over the broker. The attempt travels along, so that a message that comes late or again does nothing."""

    app: Celery

    def ask(self, record: RunRecord) -> None:
        """See `Asker`. The reason of a cancel is personal: it stays in the record."""
        asked = record.pending
        if asked is None:
            return
        task = f"{record.run_id}:{record.attempt}:{asked.what}"
        if asked.what == "cancel":
            publish(self.app, CANCEL, Cancel(**record.head), task)
        else:
            publish(self.app, REDRIVE, Redrive(**record.head, start=asked.start), task)


class Reader(Protocol):
    """Reads request bodies."""

    async def read(self, tenant: str, data: bytes, options: Options) -> ReadBody:
        """The batch in a tenant's body; BadFile when it is none, RateLimited when it is not the tenant's turn."""


@dataclass
class ParserPool:
    """Parses in child processes, so that a hostile or large file never blocks the event loop."""

    processes: int = 2
    """Two at least: a tenant has one at a time."""
    limits: Limits = PARSE_LIMITS

    def __post_init__(self) -> None:
        self._children = Children(
            processes=self.processes, timeout_s=PARSE_TIMEOUT_S, patience_s=PATIENCE_S, limits=self.limits
        )

    def start(self) -> None:
        """Begin the children and have them import what they need."""
        self._children.start()

    def stop(self) -> None:
        """End the children."""
        self._children.stop()

    async def read(self, tenant: str, data: bytes, options: Options) -> ReadBody:
        """See `Reader`. A child that dies or hangs on a file takes only that file with it."""
        try:
            return await self._children.call_for(tenant, read_body, data, options)
        except (ChildBroken, MemoryError) as error:
            # A child that is out of memory says so, or dies of saying it.
            raise BadFile("unreadable", "the file could not be parsed within its limits") from error


class Painter(Protocol):
    """Makes pages of reports."""

    async def page(self, report: bytes) -> bytes:
        """The report, as JSON, as an HTML page; NoPage when it does not match the present contract."""


@dataclass
class PagePool:
    """Makes pages in one child process of its own, which begins with the first page: it draws, and few ask for it."""

    def __post_init__(self) -> None:
        self._children = Children(processes=1, timeout_s=PAGE_TIMEOUT_S, patience_s=PAGE_TIMEOUT_S)

    def stop(self) -> None:
        """End the child."""
        self._children.stop()

    async def page(self, report: bytes) -> bytes:
        """See `Painter`."""
        return await self._children.call(_page, report)


def _page(report: bytes) -> bytes:
    # Imported here: in the child alone, and only once somebody asks for a page.
    from millrace.view.page import render

    try:
        found = Report.model_validate_json(report)
    except ValidationError:
        # Without its cause: the cause quotes the report.
        raise NoPage("another release wrote this report; ask for it as JSON") from None
    return render(found).encode()
