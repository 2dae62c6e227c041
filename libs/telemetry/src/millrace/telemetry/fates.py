"""Count what was handed over to be sent away: taken, or given up and why."""

from collections.abc import Callable

from millrace.telemetry.metrics import count

Tell = Callable[[int, str], None]
"""Hears of so many items that left, and why they were dropped; an empty reason for those that were taken."""


def counted(signal: str) -> Tell:
    """Counts them as `telemetry_sent` and `telemetry_dropped` of this signal: `spans`, `logs` or `errors`."""

    def tell(items: int, reason: str) -> None:
        if reason:
            count("telemetry_dropped", items, signal=signal, reason=reason)
        else:
            count("telemetry_sent", items, signal=signal)

    return tell
