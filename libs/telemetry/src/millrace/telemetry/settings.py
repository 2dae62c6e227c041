"""What telemetry reads from the environment."""

from typing import Literal

from pydantic import Field

from millrace.contracts.settings import Settings


class TelemetrySettings(Settings):
    """Where logs, traces and errors go, `MILLRACE_*`. Empty addresses switch a thing off."""

    log_format: Literal["json", "text"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: str = ""
    """OTLP over HTTP, such as `http://localhost:4318`."""
    sentry_dsn: str = Field(default="", repr=False)
    environment: str = "local"
    release: str = "dev"
