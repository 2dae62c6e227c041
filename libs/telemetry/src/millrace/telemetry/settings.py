"""What telemetry reads from the environment."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TelemetrySettings(BaseSettings):
    """Where logs, traces and errors go, `MILLRACE_*`. Empty addresses switch a thing off."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_", frozen=True, extra="ignore")

    log_format: Literal["json", "text"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: str = ""
    """OTLP over HTTP, such as `http://localhost:4318`."""
    sentry_dsn: str = Field(default="", repr=False)
    environment: str = "local"
    release: str = "dev"
