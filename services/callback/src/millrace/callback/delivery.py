"""Deliver a run's callback once, and write down how it went. Retries are scheduled in the run record."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from millrace.callback.adapters import Attempt, Sender
from millrace.callback.domain.body import Link, build
from millrace.callback.domain.schedule import GONE, next_wait
from millrace.callback.errors import Unreachable, UnreadableReport
from millrace.contracts.base import now
from millrace.contracts.errors import AddressRefused
from millrace.contracts.messages import Deliver
from millrace.contracts.report import Report
from millrace.contracts.run import CallbackRecord, CallbackStatus, RunRecord
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.errors import Conflict, Corrupt, NotFound
from millrace.storage.ports import RunStore
from millrace.telemetry.logs import get_logger
from millrace.worker.crash import point

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How one attempt went; `final` means that no other will go better."""

    status: int | None = None
    error: str = ""
    final: bool = False


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One attempt a message; the sweep sends the next message when its time has come."""

    store: RunStore
    artifacts: ArtifactStore
    sender: Sender
    link: Link
    clock: Callable[[], datetime] = field(default=now)
    jitter: Callable[[], float] = field(default=random.random)

    def deliver(self, message: Deliver) -> None:
        """Send the callback unless it has been delivered, this attempt was made already, or a redrive has begun.

        A redrive's callback has an event id of its own: a message that is about another one is late.
        """
        record = self.store.get(message.tenant, message.run_id)
        callback = record.callback
        if callback is None or callback.status is not CallbackStatus.PENDING or not record.status.terminal:
            return
        if message.event_id != callback.event_id or message.delivery != callback.deliveries + 1:
            return
        point("delivery_begun")
        answer = self._attempt(record, callback)
        point("callback_posted")
        self._write(record, callback, answer)
        point("delivery_written")

    def _attempt(self, record: RunRecord, callback: CallbackRecord) -> Answer:
        try:
            body = build(record, self._report(record), self.link).model_dump_json().encode()
        except (NotFound, Corrupt, UnreadableReport) as error:
            # Counted like any other attempt, so that it is given up at last and not repeated for ever.
            return Answer(error=f"report: {type(error).__name__}")
        attempt = Attempt(
            url=callback.url, event_id=callback.event_id, body=body, at=self.clock(), traceparent=record.traceparent
        )
        try:
            status = self.sender.send(attempt)
        except AddressRefused as error:
            return Answer(error=str(error), final=True)
        except Unreachable as error:
            return Answer(error=str(error))
        return Answer(status=status, error="" if 200 <= status < 300 else f"http_{status}", final=status == GONE)

    def _report(self, record: RunRecord) -> Report | None:
        if record.report is None:
            return None
        try:
            return Report.model_validate_json(self.artifacts.get(record.tenant, record.report))
        except ValidationError as error:
            raise UnreadableReport("the report does not match its contract") from error

    def _write(self, record: RunRecord, callback: CallbackRecord, answer: Answer) -> None:
        made = callback.deliveries + 1
        changes: dict[str, object] = {"deliveries": made, "last_status": answer.status, "last_error": answer.error}
        due: datetime | None = None
        if not answer.error:
            changes |= {"status": CallbackStatus.DELIVERED, "delivered_at": self.clock()}
        else:
            wait = None if answer.final else next_wait(made, self.jitter())
            due = self.clock() + wait if wait else None
            if due is None:
                changes["status"] = CallbackStatus.GIVEN_UP
        written = callback.model_copy(update=changes)
        try:
            self.store.replace(_with(record, written, due))
        except Conflict:
            # The sweep moved the due time while we were sending; the attempt was made, so it is written onto that.
            # After a redrive there is nothing to write it onto: an attempt that has ended never changes.
            self._write_onto(record, written, due)
        self._log(record, written)

    def _write_onto(self, record: RunRecord, written: CallbackRecord, due: datetime | None) -> None:
        fresh = self.store.get(record.tenant, record.run_id)
        known = fresh.callback
        if known is not None and known.event_id == written.event_id and known.deliveries < written.deliveries:
            self.store.replace(_with(fresh, written, due))

    def _log(self, record: RunRecord, callback: CallbackRecord) -> None:
        log.log(
            logging.WARNING if callback.last_error else logging.INFO,
            "callback_attempted",
            extra={
                "action": "callback_attempted", "run_id": record.run_id, "event_id": callback.event_id,
                "status": callback.status.value, "delivery": callback.deliveries, "error": callback.last_error,
            },
        )  # fmt: skip


def _with(record: RunRecord, callback: CallbackRecord, due: datetime | None) -> RunRecord:
    """The record with its callback as it is now, due for the next delivery; after the last one, to be tidied up."""
    return record.model_copy(update={"callback": callback, "due_at": due or record.tidy_at})
