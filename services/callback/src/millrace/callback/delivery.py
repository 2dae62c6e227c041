"""Deliver a run's callback once, and write down how it went. Retries are scheduled in the run record."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import ValidationError

from millrace.callback import measuring
from millrace.callback.domain.body import Link, build
from millrace.callback.domain.schedule import PATIENCE, next_wait
from millrace.callback.errors import UnreadableReport
from millrace.callback.post import Answer, Parcel, Post
from millrace.contracts.base import now
from millrace.contracts.endpoints import EndpointRecord, ProbeBody, ProbeData
from millrace.contracts.ids import endpoint_id
from millrace.contracts.messages import Deliver, Probe
from millrace.contracts.report import CallbackBody, Report
from millrace.contracts.run import CallbackRecord, CallbackStatus, RunRecord
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.endpoints import Endpoints
from millrace.storage.errors import Conflict, Corrupt, NotFound
from millrace.storage.ports import RunStore
from millrace.telemetry import tracing
from millrace.telemetry.logs import get_logger
from millrace.worker import handling
from millrace.worker.crash import point

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One attempt a message; the sweep sends the next message when its time has come."""

    store: RunStore
    artifacts: ArtifactStore
    endpoints: Endpoints
    post: Post
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
        try:
            endpoint = self._endpoint(record.tenant, callback)
        except (Corrupt, ValidationError) as error:
            # Counted like any other attempt, so that it is given up at last and not repeated for ever.
            self._write(record, callback, Answer(error=f"endpoint: {type(error).__name__}"))
            return
        slow_until = self._gives_way(record, callback, endpoint)
        if slow_until is not None:
            self._postpone(record, slow_until)
            return
        answer = self._attempt(record, callback, endpoint)
        point("callback_posted")
        self._write(record, callback, answer)
        point("delivery_written")

    def probe(self, message: Probe) -> None:
        """Send a test event, once; what comes of it is in the endpoint's log."""
        endpoint = self.endpoints.get(message.tenant, message.endpoint_id)
        data = ProbeData(endpoint_id=endpoint.endpoint_id, tenant=endpoint.tenant)
        body = ProbeBody(timestamp=self.clock(), data=data).model_dump_json().encode()
        parcel = Parcel(kind="test", event_id=message.event_id, body=body, traceparent=message.traceparent)
        answer = self.post.send(endpoint, parcel)
        log.info(
            "endpoint_tested",
            extra={"action": "endpoint_tested", "endpoint_id": endpoint.endpoint_id, "error": answer.error},
        )

    def _endpoint(self, tenant: str, callback: CallbackRecord) -> EndpointRecord | None:
        """The callback's endpoint; None when it was deleted. What a run of an older release names is registered."""
        name = callback.endpoint_id or endpoint_id(tenant, callback.url)
        try:
            return self.endpoints.get(tenant, name)
        except NotFound:
            if callback.endpoint_id:
                return None
        try:
            return self.endpoints.register(tenant, callback.url)
        except Conflict:
            # Another run of that release was first.
            return self.endpoints.get(tenant, name)

    def _gives_way(
        self, record: RunRecord, callback: CallbackRecord, endpoint: EndpointRecord | None
    ) -> datetime | None:
        """Until when this delivery waits for an endpoint that is slow; what somebody asked for does not wait."""
        at, ended = self.clock(), record.ended_at
        slow = endpoint.slow_until if endpoint is not None and endpoint.disabled_at is None else None
        if slow is None or slow <= at or ended is None or at > ended + PATIENCE or callback.replayed_after is not None:
            return None
        return slow + (slow - at) * self.jitter()

    def _postpone(self, record: RunRecord, until: datetime) -> None:
        """Not counted as an attempt: nothing was sent. What was asked of the run meanwhile waits for nobody."""
        try:
            self.store.replace(record.model_copy(update={"due_at": record.due(until)}))
        except Conflict:
            # The sweep sends the message again when the time that it wrote has come.
            log.info("run_moved_meanwhile", extra={"action": "run_moved_meanwhile", "run_id": record.run_id})

    def _attempt(self, record: RunRecord, callback: CallbackRecord, endpoint: EndpointRecord | None) -> Answer:
        if endpoint is None or endpoint.disabled_at is not None:
            return Answer(error="endpoint_disabled" if endpoint else "endpoint_deleted", final=True)
        try:
            body = build(record, self._report(record), self.link)
        except (NotFound, Corrupt, UnreadableReport) as error:
            # Counted like any other attempt, so that it is given up at last and not repeated for ever.
            return Answer(error=f"report: {type(error).__name__}")
        _tell_what_is_missing(body)
        parcel = Parcel(
            kind="run" if callback.replayed_after is None else "replay", event_id=callback.event_id,
            body=body.model_dump_json().encode(), run_id=record.run_id, delivery=callback.deliveries + 1,
            traceparent=record.traceparent,
        )  # fmt: skip
        return self.post.send(endpoint, parcel)

    def _report(self, record: RunRecord) -> Report | None:
        if record.report is None:
            return None
        try:
            return Report.model_validate_json(self.artifacts.get(record.tenant, record.report))
        except ValidationError as error:
            raise UnreadableReport("the report does not match its contract") from error

    def _write(self, record: RunRecord, callback: CallbackRecord, answer: Answer) -> None:
        made = callback.deliveries + 1
        at_work = handling.current()
        changes: dict[str, object] = {
            "deliveries": made, "last_status": answer.status, "last_error": answer.error, "began_at": answer.began_at,
            "queued_s": at_work.queued_s if at_work else 0.0, "answer_s": answer.seconds,
        }  # fmt: skip
        due: datetime | None = None
        if not answer.error:
            changes |= {"status": CallbackStatus.DELIVERED, "delivered_at": self.clock()}
        else:
            due = None if answer.final else self._next(record, callback, answer.asked_s)
            if due is None:
                changes["status"] = CallbackStatus.GIVEN_UP
        written = callback.model_copy(update=changes)
        try:
            self.store.replace(self._with(record, written, due))
        except Conflict:
            # The sweep moved the due time while we were sending; the attempt was made, so it is written onto that.
            # After a redrive there is nothing to write it onto: an attempt that has ended never changes.
            self._write_onto(record, written, due)
        measuring.measure(answer, written)
        self._log(record, written)

    def _next(self, record: RunRecord, callback: CallbackRecord, asked_s: float) -> datetime | None:
        """When to try again after this attempt; None to give up, however long the consumer asks to be waited for."""
        made = callback.deliveries + 1 - (callback.replayed_after or 0)
        wait = next_wait(made, self.jitter(), asked_s)
        # A release that knows no time of a replay asked for it: the table alone bounds that one.
        begun = record.ended_at if callback.replayed_after is None else callback.replayed_at
        due = self.clock() + wait if wait else None
        return None if due is None or (begun is not None and due > begun + PATIENCE) else due

    def _write_onto(self, record: RunRecord, written: CallbackRecord, due: datetime | None) -> None:
        fresh = self.store.get(record.tenant, record.run_id)
        known = fresh.callback
        if known is not None and known.event_id == written.event_id and known.deliveries < written.deliveries:
            self.store.replace(self._with(fresh, written, due))

    def _after(self, record: RunRecord) -> datetime:
        """Now, and later than the run's end, which another clock told."""
        at = self.clock()
        return max(at, record.ended_at + timedelta(microseconds=1)) if record.ended_at else at

    def _with(self, record: RunRecord, callback: CallbackRecord, due: datetime | None) -> RunRecord:
        """The record with its callback as it is now, due for the next delivery; after the last one, to be tidied up.

        A run whose delivery failed is worth a trace. The sweep tells it when the record is due: at once after the last.
        """
        failed = bool(callback.last_error) and tracing.traces() is not None
        kept = record.worth_a_trace(self._after(record)) if failed else record
        at = due or (kept.kept_at if kept.untold else record.tidy_at)
        return kept.model_copy(update={"callback": callback, "due_at": record.due(at)})

    def _log(self, record: RunRecord, callback: CallbackRecord) -> None:
        log.log(
            logging.WARNING if callback.last_error else logging.INFO,
            "callback_attempted",
            extra={
                "action": "callback_attempted", "run_id": record.run_id, "event_id": callback.event_id,
                "status": callback.status.value, "delivery": callback.deliveries, "error": callback.last_error,
            },
        )  # fmt: skip


def _tell_what_is_missing(body: CallbackBody) -> None:
    if body.data.left_out:
        log.warning(
            "callback_shortened",
            extra={
                "action": "callback_shortened", "run_id": body.data.run_id, "left_out": ",".join(body.data.left_out),
            },
        )  # fmt: skip
