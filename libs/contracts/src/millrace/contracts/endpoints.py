"""Callback endpoints: a tenant's URLs with their signing secrets, and what was delivered to them."""

from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from millrace.contracts.addresses import MAX_URL
from millrace.contracts.base import Message, Timestamp
from millrace.contracts.ids import TenantId

GRACE: Final = timedelta(hours=24)
"""For how long the signatures of an endpoint's former secrets go along after a rotation."""

TEST_EVENT: Final = "endpoint.test"
"""Event type of a test."""

Kind = Literal["run", "replay", "test"]
"""Why something was delivered: a run ended, somebody asked for it again, or somebody tried the endpoint."""


class SigningKeys(Message):
    """What an endpoint's messages are signed with, as Standard Webhooks 1.0.0 writes it."""

    secret: str = Field(repr=False)
    """HMAC-SHA-256: `whsec_` and base64 of 24 to 64 bytes. Its holder can sign as well as verify."""
    private_key: str = Field(repr=False)
    """Ed25519: `whsk_` and base64 of the 32 bytes of its seed. Leaves the callback service never."""
    public_key: str
    """Ed25519: `whpk_` and base64 of 32 bytes; good for verifying only."""
    created_at: Timestamp
    expires_at: Timestamp | None = None
    """From when on they sign no more; None for the newest."""

    def live(self, at: datetime) -> bool:
        """Whether they still sign at this time."""
        return self.expires_at is None or at < self.expires_at


class EndpointRecord(Message):
    """A URL of a tenant that callbacks go to."""

    schema_version: int = 1
    tenant: TenantId
    endpoint_id: str
    url: str = Field(repr=False)
    """May hold a token of its owner, so it is kept sealed and out of every log."""
    keys: tuple[SigningKeys, ...]
    """Newest first; at most two that are live."""
    created_at: Timestamp
    disabled_at: Timestamp | None = None
    disabled_reason: str = ""
    """`gone` when the endpoint itself said so (410), else in the words of whoever disabled it."""
    slow_until: Timestamp | None = None
    """Until when it is left alone, because it said that it has too much to do."""
    slowdowns: int = 0
    """How often it said so without taking anything in between."""

    def live_keys(self, at: datetime) -> tuple[SigningKeys, ...]:
        """The keys that sign at this time, newest first."""
        return tuple(keys for keys in self.keys if keys.live(at))


class DeliveryRecord(Message):
    """One attempt to deliver, as it went. What the endpoint answered beyond its status is never kept."""

    delivery_id: str
    """Sorts by time."""
    at: Timestamp
    kind: Kind
    event_id: str
    run_id: str = ""
    """Empty for a test."""
    delivery: int = Field(ge=1)
    """Number of this attempt for its event."""
    status: int | None = None
    """The endpoint's HTTP status; None when there was no answer."""
    error: str = ""
    """Machine key of what went wrong, such as `http_500`, `timed_out` or `address_not_public`; empty when delivered."""
    seconds: float = Field(ge=0)
    """From before the name was resolved until the answer's head was there."""
    headers: dict[str, str] = {}
    """The signature's headers as they were sent; of a test only."""


class EndpointRequest(BaseModel):
    """The JSON body of `POST /v1/endpoints`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(min_length=1, max_length=MAX_URL)
    secret: str | None = Field(default=None, max_length=100, repr=False)
    """An HMAC secret of the consumer's own, `whsec_` and base64 of 24 to 64 bytes; one is made where there is none."""


class EndpointChange(BaseModel):
    """The JSON body of `PATCH /v1/endpoints/{id}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool
    reason: str = Field(default="", max_length=200)
    """Why it is disabled; shown with it."""


class EndpointView(Message):
    """An endpoint as its tenant sees it, without its secrets."""

    endpoint_id: str
    url: str
    enabled: bool
    created_at: Timestamp
    disabled_at: Timestamp | None = None
    disabled_reason: str = ""
    slow_until: Timestamp | None = None
    public_keys: tuple[str, ...]
    """Ed25519 keys (`whpk_…`) whose signatures go along at present, newest first."""


class EndpointPage(Message):
    """The answer of `GET /v1/endpoints`."""

    endpoints: tuple[EndpointView, ...]
    cursor: str | None = None
    """Pass it as `?cursor=` for the next page; None at the end."""


class SecretView(Message):
    """A signing secret and its time."""

    secret: str = Field(repr=False)
    public_key: str
    created_at: Timestamp
    expires_at: Timestamp | None = None
    """From when on nothing is signed with it any more; None for the newest."""


class EndpointSecrets(Message):
    """The answer of `GET /v1/endpoints/{id}/secret` and of a rotation: what signs at present, newest first."""

    endpoint_id: str
    secrets: tuple[SecretView, ...]


class DeliveryPage(Message):
    """The answer of `GET /v1/endpoints/{id}/deliveries`: newest first, of the last thirty days."""

    deliveries: tuple[DeliveryRecord, ...]
    cursor: str | None = None


class ProbeAsked(Message):
    """The answer to `POST /v1/endpoints/{id}/test` (202): look for the event in the endpoint's deliveries."""

    endpoint_id: str
    event_id: str
    links: dict[str, str]
    """`deliveries`, relative to the API's root."""


class ReplayAsked(Message):
    """The answer to `POST /v1/runs/{id}/callback/replay` (202)."""

    run_id: str
    event_id: str
    """The same as before, so that a consumer which has seen it knows it again."""
    delivery: int
    """Number of the attempt that comes next."""
    links: dict[str, str]
    """`self`, relative to the API's root."""


class ProbeData(Message):
    """What a test says."""

    endpoint_id: str
    tenant: str
    message: str = "This is a test: nothing happened, and nothing has to be done."


class ProbeBody(Message):
    """The body of a test event."""

    type: Literal["endpoint.test"] = TEST_EVENT
    timestamp: Timestamp
    data: ProbeData


def endpoint_view(record: EndpointRecord, at: datetime) -> EndpointView:
    """What its tenant may see of an endpoint."""
    slow = record.slow_until if record.slow_until and record.slow_until > at else None
    return EndpointView(
        endpoint_id=record.endpoint_id, url=record.url, enabled=record.disabled_at is None,
        created_at=record.created_at, disabled_at=record.disabled_at, disabled_reason=record.disabled_reason,
        slow_until=slow, public_keys=tuple(keys.public_key for keys in record.live_keys(at)),
    )  # fmt: skip


def secrets_view(record: EndpointRecord, at: datetime) -> EndpointSecrets:
    """The secrets that sign at present."""
    views = (
        SecretView(
            secret=keys.secret, public_key=keys.public_key, created_at=keys.created_at, expires_at=keys.expires_at
        )
        for keys in record.live_keys(at)
    )
    return EndpointSecrets(endpoint_id=record.endpoint_id, secrets=tuple(views))
