"""Switch telemetry on for a process."""

import logging

from millrace.telemetry import fluentd, tracing
from millrace.telemetry.fates import counted
from millrace.telemetry.logs import JsonFormatter, configure_logs
from millrace.telemetry.settings import TelemetrySettings


def configure(service: str, settings: TelemetrySettings, *, forks: bool = False) -> None:
    """Logs at once; fluentd, traces and errors when their addresses are set. `forks`: as for `configure_tracing`."""
    formatter = JsonFormatter(service, settings.environment, settings.release)
    others: list[logging.Handler] = []
    if settings.fluentd:
        # A child's begins anew by itself; what it was handed already stays in it.
        before = fluentd.forwarders()
        others += before or [fluentd.Forwarder(settings.fluentd, formatter, counted("logs"))]
    configure_logs(formatter, settings.log_format, settings.log_level, *others)
    tracing.configure_tracing(service, settings, forks=forks)
    if settings.sentry_dsn:
        # Imported here: where it is off it would cost a tenth of a second of every start.
        from millrace.telemetry.errors import configure_errors

        configure_errors(service, settings)


def close(settings: TelemetrySettings) -> None:
    """Wait a bounded time until spans, error reports and log records are taken. For a process that runs no exit
    handlers.
    """
    tracing.close()
    if settings.sentry_dsn:
        from millrace.telemetry import errors

        errors.close()
    fluentd.close()
