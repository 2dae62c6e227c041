"""The ingestion service's settings."""

from dataclasses import dataclass, field

from pydantic import Field

from millrace.contracts.settings import Settings as EnvironmentSettings
from millrace.storage.settings import LinkSettings, StorageSettings
from millrace.telemetry.settings import TelemetrySettings
from millrace.worker.settings import WorkerSettings


class IngestionSettings(EnvironmentSettings):
    """Who may post what, `MILLRACE_*`."""

    api_keys: str = Field(repr=False)
    """`tenant:key` pairs, separated by commas."""
    callback_allow: str = ""
    """Hosts, separated by commas, that may be called back although they are private or plain http."""
    max_body_mib: int = Field(default=8, ge=1)
    parser_processes: int = Field(default=1, ge=1)
    host: str = "127.0.0.1"
    port: int = 8080
    listen_fd: int | None = None
    """A socket that is bound already, handed over by a supervisor; wins over host and port."""

    @property
    def tenants_by_key(self) -> dict[str, str]:
        """API key → tenant."""
        pairs = (pair.partition(":") for pair in self.api_keys.split(",") if pair.strip())
        return {key.strip(): tenant.strip() for tenant, _, key in pairs}

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """`callback_allow` as a set."""
        return frozenset(host.strip().lower() for host in self.callback_allow.split(",") if host.strip())


@dataclass(frozen=True)
class Settings:
    """Read once, at start."""

    ingestion: IngestionSettings = field(default_factory=lambda: IngestionSettings())  # type: ignore[call-arg]
    links: LinkSettings = field(default_factory=lambda: LinkSettings())  # type: ignore[call-arg]
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)
