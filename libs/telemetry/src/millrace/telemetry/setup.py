"""Switch telemetry on for a process."""

from millrace.telemetry.logs import configure_logs
from millrace.telemetry.settings import TelemetrySettings
from millrace.telemetry.tracing import configure_errors, configure_tracing


def configure(service: str, settings: TelemetrySettings) -> None:
    """Logs at once; traces and errors when their addresses are set."""
    configure_logs(service, settings.log_format, settings.log_level)
    configure_tracing(service, settings)
    configure_errors(service, settings)
