"""Errors to Sentry: what is logged at ERROR, with the fields of the work that failed.

There is one way in, the log: nothing is reported twice, a report and its line say the same, and what is expected is
logged below ERROR. Sentry's integration of Celery stays out: it patches kombu's producer and puts headers of its own on
every message.
"""

import logging
import threading
from typing import TYPE_CHECKING, Any, Final

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.transport import HttpTransport

from millrace.telemetry.attributes import FIELDS
from millrace.telemetry.context import SPAN_ID, TRACE_ID, current
from millrace.telemetry.fates import Tell, counted
from millrace.telemetry.logs import SILENT
from millrace.telemetry.scrubbing import TAGS, scrubbed_event
from millrace.telemetry.settings import TelemetrySettings

if TYPE_CHECKING:
    from sentry_sdk.envelope import Envelope
    from sentry_sdk.types import Event, Hint

SEND_S: Final = 2.0
"""What a report may take to be sent."""
FLUSH_S: Final = 1.0
"""What an exit waits for reports that are still here."""
MOST: Final = 100
"""Reports that wait at most."""

_TOLD_BY_US: Final = (*SILENT, "celery.worker.request", "celery.concurrency.*", "multiprocessing", "billiard*")
"""Loggers whose errors are ours in other words: `task_failed` and `worker_lost` carry the fields of the run."""
_WANTED_LOSSES: Final = ("before_send", "event_processor", "sample_rate")
"""Reasons of the library for what we did not want to send."""


def configure_errors(service: str, settings: TelemetrySettings) -> None:
    """Report errors without variables, arguments or request bodies. Call it in each process, after its fork."""
    if not settings.sentry_dsn:
        return
    for name in _TOLD_BY_US:
        ignore_logger(name)
    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        environment=settings.environment,
        release=settings.release,
        server_name=service,
        include_local_variables=False,
        max_request_body_size="never",
        traces_sample_rate=None,
        max_breadcrumbs=0,
        before_send=_report,
        transport=Transport,
        transport_queue_size=MOST,
        shutdown_timeout=FLUSH_S,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None),
            ExcepthookIntegration(), ThreadingIntegration(propagate_scope=False), AtexitIntegration(callback=_quietly),
        ],
    )  # fmt: skip


def close(timeout_s: float = FLUSH_S) -> None:
    """Wait until all that was reported is taken, before a process that runs no exit handlers ends: none follows."""
    sentry_sdk.get_client().close(timeout_s)


class Transport(HttpTransport):
    """Sentry's own, with short limits, that counts what was taken and what was lost."""

    TIMEOUT = SEND_S  # type: ignore[assignment]

    def __init__(self, options: dict[str, Any], tell: Tell | None = None) -> None:
        self._counted = tell or counted("errors")
        self._lock = threading.Lock()
        self._waiting: int | None = 0
        """Errors that are neither taken nor lost; None when all is over."""
        super().__init__(options)

    def capture_envelope(self, envelope: "Envelope") -> None:
        """See `sentry_sdk.transport.Transport`."""
        with self._lock:
            if self._waiting is not None:
                self._waiting += len(_errors(envelope))
        super().capture_envelope(envelope)

    def kill(self) -> None:
        """See `sentry_sdk.transport.Transport`. What waits by now is lost."""
        super().kill()
        with self._lock:
            left, self._waiting = self._waiting, None
        if left:
            self._counted(left, "exit")

    def _tell(self, items: int, reason: str) -> None:
        with self._lock:
            if self._waiting is None:
                return
            self._waiting -= items
        self._counted(items, reason)

    def record_lost_event(self, reason: str, data_category: Any = None, item: Any = None, *, quantity: int = 1) -> None:
        """See `sentry_sdk.transport.Transport`."""
        super().record_lost_event(reason, data_category, item, quantity=quantity)
        category = data_category if item is None else item.data_category
        if category == "error" and reason not in _WANTED_LOSSES:
            self._tell(quantity, reason)

    def _get_pool_options(self) -> dict[str, Any]:
        # One attempt: urllib3 would make four, and what waits behind it would be lost meanwhile.
        return {**super()._get_pool_options(), "retries": False}

    def _handle_response(self, response: Any, envelope: "Envelope | None") -> None:
        super()._handle_response(response, envelope)
        errors = _errors(envelope)
        if errors and response.status < 300:
            self._tell(len(errors), "")
        elif errors and response.status == 429:
            # The library leaves counting these to the server.
            self._tell(len(errors), "rate_limited")


def _errors(envelope: "Envelope | None") -> list[Any]:
    return [item for item in (envelope.items if envelope else ()) if item.data_category == "error"]


def _report(event: "Event", hint: "Hint") -> "Event":
    """The report with our fields and without what may be data."""
    fields = current() | {key: value for key, value in event.get("extra", {}).items() if key in FIELDS}
    given: dict[str, Any] = dict(event)
    given["tags"] = {name: str(fields[name]) for name in TAGS if fields.get(name) is not None}
    if TRACE_ID in fields:
        given["contexts"] = {"trace": {"trace_id": fields[TRACE_ID], "span_id": fields[SPAN_ID]}}
    if "exc_info" not in hint and "action" in fields:
        # Without an exception only the words tell one fault from another.
        given["fingerprint"] = [str(fields.get(name)) for name in ("action", "task", "reason")]
    return scrubbed_event(given, hint)  # type: ignore[arg-type]


def _quietly(pending: int, timeout: float) -> None:
    """Nothing is said on standard error about reports that wait for the exit."""
