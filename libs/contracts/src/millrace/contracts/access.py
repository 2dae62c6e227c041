"""Who may use the API and how much of it: tenants, their API keys and quotas."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from millrace.contracts.base import Message, Timestamp
from millrace.contracts.ids import TenantId


class Scope(StrEnum):
    """What an API key may do. Every route of the API needs exactly one."""

    RUNS_READ = "runs:read"
    """See runs, their reports and events, and the flows."""
    RUNS_WRITE = "runs:write"
    """Submit runs and upload files."""
    RUNS_CONTROL = "runs:control"
    """Cancel and redrive runs."""
    CALLBACKS_READ = "callbacks:read"
    """See endpoints and what was delivered to them."""
    CALLBACKS_WRITE = "callbacks:write"
    """Register, change and test endpoints, see their signing secrets, and deliver again."""


class Quota(Message):
    """How much of the API a tenant may use."""

    requests_per_minute: int = Field(default=6_000, ge=1)
    burst_per_second: int = Field(default=200, ge=1)
    runs_per_day: int = Field(default=100_000, ge=1)
    records_per_day: int = Field(default=10_000_000, ge=1)
    open_uploads: int = Field(default=10, ge=1)
    endpoints: int = Field(default=100, ge=1)


class TenantRecord(Message):
    """An organisation that has access."""

    tenant: TenantId
    created_at: Timestamp
    quota: Quota = Quota()
    suspended_at: Timestamp | None = None
    """Since when its keys are refused for the time being."""
    shredded_at: Timestamp | None = None
    """Since when its data is unreadable for good; nothing of it is accepted again."""

    @property
    def active(self) -> bool:
        """Whether its keys are accepted."""
        return self.suspended_at is None and self.shredded_at is None


class ApiKeyRecord(Message):
    """An API key, without its secret."""

    key_id: str
    """The key's public prefix, without its scheme."""
    tenant: TenantId
    name: str
    """What the key is for. Two live keys may have one name: the old one and the one that takes its place."""
    scopes: tuple[Scope, ...]
    digest: str = Field(repr=False)
    """HMAC-SHA-256 of the secret under the service's pepper, in hexadecimal digits."""
    created_at: Timestamp
    expires_at: Timestamp | None = None
    revoked_at: Timestamp | None = None

    def live(self, at: datetime) -> bool:
        """Whether the key is neither revoked nor expired at this time."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)
