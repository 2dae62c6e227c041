"""Out of the ingestion service: a run's messages, and the children that parse files and draw pages."""

from dataclasses import dataclass
from typing import Protocol

from celery import Celery
from pydantic import ValidationError

from millrace.contracts.catalogue import ADVANCE, CANCEL, REDRIVE
from millrace.contracts.messages import Advance, Cancel, Redrive
from millrace.contracts.report import Report
from millrace.contracts.run import RunRecord
from millrace.ingestion.body import Options, ReadBody, read_in_child
from millrace.ingestion.children import Children
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.errors import ChildFailed, NoPage
from millrace.worker.publish import publish

PARSE_TIMEOUT_S = 10.0
PAGE_TIMEOUT_S = 30.0


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

    def __post_init__(self) -> None:
        self._children = Children(self.processes, PARSE_TIMEOUT_S)

    def start(self) -> None:
        """Begin the children and have them import what they need."""
        self._children.start()

    def stop(self) -> None:
        """End the children."""
        self._children.stop()

    async def read(self, data: bytes, options: Options) -> ReadBody:
        """See `Reader`. A child that dies or hangs on a file takes only that file with it."""
        try:
            return await self._children.call(read_in_child, data, options)
        except (ChildFailed, MemoryError) as error:
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
        self._children = Children(1, PAGE_TIMEOUT_S)

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
