"""Count what was handed over to be sent away: taken, or given up and why."""

from collections.abc import Callable
from typing import Final

from millrace.telemetry.metrics import begin, count
from millrace.telemetry.settings import TelemetrySettings

Tell = Callable[[int, str], None]
"""Hears of so many items that left, and why they were dropped; an empty reason for those that were taken."""


_REASONS: Final = {
    "spans": ("closed", "export_failed", "no_place", "no_thread", "queue_full", "unfinished"),
    "logs": ("exit", "no_thread", "queue_full", "unacknowledged"),
    "errors": ("exit", "network_error", "queue_overflow", "rate_limited"),
}
"""Why things may be given up. Sentry's client knows a few more reasons, which are rare."""


def begin_counting(settings: TelemetrySettings) -> None:
    """What may be given up is counted from nothing, of what is sent away at all."""
    addresses = {"spans": settings.otlp_endpoint, "logs": settings.fluentd, "errors": settings.sentry_dsn}
    for signal in (name for name, address in addresses.items() if address):
        begin("telemetry_sent", signal=signal)
        for reason in _REASONS[signal]:
            begin("telemetry_dropped", signal=signal, reason=reason)


def counted(signal: str) -> Tell:
    """Counts them as `telemetry_sent` and `telemetry_dropped` of this signal: `spans`, `logs` or `errors`."""

    def tell(items: int, reason: str) -> None:
        if reason:
            count("telemetry_dropped", items, signal=signal, reason=reason)
        else:
            count("telemetry_sent", items, signal=signal)

    return tell
