"""The ingestion service's settings."""

from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field

from millrace.contracts.addresses import entries
from millrace.contracts.settings import Settings as EnvironmentSettings
from millrace.contracts.settings import split
from millrace.storage.settings import KeySettings, LinkSettings, StorageSettings
from millrace.telemetry.settings import TelemetrySettings
from millrace.worker.settings import WorkerSettings


def _proxies(value: str) -> str:
    """Networks, each of them a part of the Internet: of any other proxy uvicorn believes what its client made up."""
    for each in split(value):
        if ip_network(each).prefixlen == 0:
            raise ValueError("name the proxies' own networks")
    return ",".join(split(value))


class IngestionSettings(EnvironmentSettings):
    """Who may post what, `MILLRACE_*`."""

    callback_allow: str = ""
    """What may be called back although it is private, plain http or on another port: hosts, `host:port` and networks
    (`10.1.0.0/16`), separated by commas."""
    failed_keys_per_minute: int = Field(default=60, ge=1)
    """Requests without a valid key that an address may make of one process, before it is told to wait."""
    max_body_mib: int = Field(default=8, ge=1)
    max_upload_mib: int = Field(default=1024, ge=1)
    max_streams: int = Field(default=500, ge=1)
    """Streams of events that one process holds open; a tenant may have a tenth of them."""
    parser_processes: int = Field(default=2, ge=1)
    """A tenant has one of them at a time."""
    trusted_proxies: Annotated[str, AfterValidator(_proxies)] = ""
    """Addresses and networks, separated by commas, whose `X-Forwarded-For` and `-Proto` are believed. The client is
    whoever stands farthest right in it and is none of these; `*` is refused, since it believes what clients write."""
    host: str = "127.0.0.1"
    port: int = 8080
    listen_fd: int | None = None
    """A socket that is bound already, handed over by a supervisor; wins over host and port."""

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """`callback_allow` as a set."""
        return entries(self.callback_allow)


@dataclass(frozen=True)
class Settings:
    """Read once, at start."""

    ingestion: IngestionSettings = field(default_factory=IngestionSettings)
    keys: KeySettings = field(default_factory=lambda: KeySettings())  # type: ignore[call-arg]
    links: LinkSettings = field(default_factory=lambda: LinkSettings())  # type: ignore[call-arg]
    worker: WorkerSettings = field(default_factory=lambda: WorkerSettings())  # type: ignore[call-arg]
    storage: StorageSettings = field(default_factory=StorageSettings)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)
