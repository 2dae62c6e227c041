"""What telemetry reads from the environment."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from millrace.contracts.settings import Settings


class TelemetrySettings(Settings):
    """Where logs, traces and errors go, `MILLRACE_*`. Empty addresses switch a thing off."""

    log_format: Literal["json", "text"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: str = ""
    """OTLP over HTTP, such as `http://localhost:4318`."""
    trace_share: float = Field(default=0.1, ge=0, le=1)
    """Share of the runs whose traces are recorded as they go; those that failed or were slow are kept besides."""
    fluentd: str = Field(default="", pattern=r"^(|[^\s@]+:\d{1,5})$")
    """`host:port` of a fluentd or Fluent Bit that takes log records by the forward protocol."""
    sentry_dsn: str = Field(default="", repr=False)
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Port of the process's own Prometheus endpoint; 0 for none."""
    metrics_host: str = "127.0.0.1"
    """Address that it listens on: `0.0.0.0` in a container."""
    datadog_url: str = Field(default="", pattern=r"^(|https?://[^\s/?#]+/?)$")
    """Datadog's site, such as `https://app.datadoghq.eu`: for links to traces."""
    environment: str = "local"
    release: str = "dev"


def tell_prometheus(folder: Path) -> None:
    """Where the processes of a pool keep their values; prometheus_client takes it from the environment only."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
