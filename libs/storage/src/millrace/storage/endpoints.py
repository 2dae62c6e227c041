"""A tenant's callback endpoints with their signing secrets, and the log of what was delivered to them.

An endpoint is the item `endpoints#<tenant>` / `endpoint#<id>`, sealed: its URL may hold a token, and its keys sign. A
delivery is an item of `deliveries#<tenant>#<id>` that the store forgets after thirty days.
"""

import base64
import binascii
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from millrace.contracts.base import now
from millrace.contracts.endpoints import GRACE, DeliveryRecord, EndpointRecord, SigningKeys
from millrace.contracts.ids import endpoint_id, ulid
from millrace.storage.errors import BadSecret, Conflict, LimitReached
from millrace.storage.items import Item, Items
from millrace.storage.ports import Envelope

ENDPOINT = "endpoint#"
SECRET_BYTES = 32
LOG_LIFE = timedelta(days=30)
SLOW_FIRST_S = 2.0
SLOW_MOST_S = 300.0
"""How long an endpoint that says that it has too much to do is left alone: twice as long each time, up to here."""
REPEAT = timedelta(minutes=1)
"""For how long a rotation that is asked for again is the one that was made: its answer may have been lost."""
_WRITES = 5
"""Tries of a change that others write into."""


def endpoints_of(tenant: str) -> str:
    """The owner of a tenant's endpoints: not that of its keys, which whoever delivers may read but not write."""
    return f"endpoints#{tenant}"


@dataclass(frozen=True, kw_only=True)
class EndpointPage:
    """A page of endpoints, by their ids."""

    records: tuple[EndpointRecord, ...]
    cursor: str | None


@dataclass(frozen=True, kw_only=True)
class DeliveryPage:
    """A page of the delivery log, newest first."""

    records: tuple[DeliveryRecord, ...]
    cursor: str | None


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Endpoints and deliveries as items. Every call that names an endpoint raises NotFound when there is none."""

    items: Items
    envelope: Envelope
    clock: Callable[[], datetime] = now

    def register(self, tenant: str, url: str, *, limit: int | None = None, secret: str | None = None) -> EndpointRecord:
        """A new endpoint, with a secret of its own unless the consumer brings one.

        Conflict when the URL is registered, LimitReached when the tenant has `limit` endpoints, BadSecret when the
        secret is none.
        """
        if limit is not None:
            self.check_room(tenant, limit)
        at = self.clock()
        record = EndpointRecord(
            tenant=tenant, endpoint_id=endpoint_id(tenant, url), url=url, keys=(new_keys(at, secret),), created_at=at
        )
        self.items.put(self._item(record))
        return record

    def check_room(self, tenant: str, limit: int) -> None:
        """LimitReached when the tenant has `limit` endpoints."""
        if len(self.items.page(endpoints_of(tenant), ENDPOINT, limit=limit).items) >= limit:
            raise LimitReached(f"there are {limit} endpoints already; delete one that nobody needs any more")

    def get(self, tenant: str, endpoint: str) -> EndpointRecord:
        """The endpoint."""
        return self._open(tenant, self.items.get(endpoints_of(tenant), f"{ENDPOINT}{endpoint}"))

    def page(self, tenant: str, limit: int, after: str | None = None) -> EndpointPage:
        """The tenant's endpoints, by their ids."""
        cursor = f"{ENDPOINT}{after}" if after else None
        page = self.items.page(endpoints_of(tenant), ENDPOINT, limit=limit, after=cursor)
        records = tuple(self._open(tenant, item) for item in page.items)
        return EndpointPage(records=records, cursor=page.cursor.removeprefix(ENDPOINT) if page.cursor else None)

    def rotate(self, tenant: str, endpoint: str) -> EndpointRecord:
        """New keys. The former ones sign along for a day; what was older than those signs no more.

        Asked again within a minute, it changes nothing: the keys that the consumer verifies with have to sign along.
        """
        at = self.clock()

        def change(record: EndpointRecord) -> EndpointRecord:
            if len(record.keys) > 1 and record.keys[0].created_at > at - REPEAT:
                return record
            former = record.keys[0].model_copy(update={"expires_at": at + GRACE})
            return record.model_copy(update={"keys": (new_keys(at), former)})

        return self._change(tenant, endpoint, change)

    def disable(self, tenant: str, endpoint: str, reason: str) -> EndpointRecord:
        """Deliver nothing to it any more; its first time and reason stay."""
        gone = {"disabled_at": self.clock(), "disabled_reason": reason}
        return self._change(
            tenant, endpoint, lambda record: record if record.disabled_at else record.model_copy(update=gone)
        )

    def enable(self, tenant: str, endpoint: str) -> EndpointRecord:
        """Deliver to it again."""
        well = {"disabled_at": None, "disabled_reason": "", "slow_until": None, "slowdowns": 0}
        return self._change(tenant, endpoint, lambda record: record.model_copy(update=well))

    def slow_down(self, tenant: str, endpoint: str, at_least_s: float) -> EndpointRecord:
        """Leave it alone for a while: twice as long each time that it says so, and as long as it asks for at least.

        What was under way when it first said so says it again: that only counts where it asks for longer.
        """
        at = self.clock()

        def change(record: EndpointRecord) -> EndpointRecord:
            if record.slow_until is not None and record.slow_until > at:
                asked = at + timedelta(seconds=at_least_s)
                return record if asked <= record.slow_until else record.model_copy(update={"slow_until": asked})
            pause = max(at_least_s, min(SLOW_MOST_S, SLOW_FIRST_S * 2 ** min(record.slowdowns, 16)))
            return record.model_copy(
                update={"slow_until": at + timedelta(seconds=pause), "slowdowns": record.slowdowns + 1}
            )

        return self._change(tenant, endpoint, change)

    def speed_up(self, tenant: str, endpoint: str) -> EndpointRecord:
        """It takes what it is sent again."""
        return self._change(
            tenant, endpoint, lambda record: record.model_copy(update={"slow_until": None, "slowdowns": 0})
        )

    def delete(self, tenant: str, endpoint: str) -> None:
        """Forget the endpoint and its secrets. The log of what it got stays until it expires."""
        self.items.get(endpoints_of(tenant), f"{ENDPOINT}{endpoint}")
        self.items.delete(endpoints_of(tenant), f"{ENDPOINT}{endpoint}")

    def note(self, tenant: str, endpoint: str, delivery: DeliveryRecord) -> None:
        """Write a delivery into the log. Nothing in it is secret or personal, so it is not sealed."""
        item = Item(
            owner=_log_of(tenant, endpoint), name=delivery.delivery_id, body=delivery.model_dump_json().encode(),
            expires_at=delivery.at + LOG_LIFE,
        )  # fmt: skip
        self.items.put(item)

    def deliveries(self, tenant: str, endpoint: str, limit: int, after: str | None = None) -> DeliveryPage:
        """The endpoint's deliveries, newest first. What the store has not forgotten in time is left out."""
        page = self.items.page(_log_of(tenant, endpoint), limit=limit, after=after, newest_first=True)
        at = self.clock()
        fresh = (item for item in page.items if item.expires_at is None or item.expires_at > at)
        records = tuple(DeliveryRecord.model_validate_json(item.body) for item in fresh)
        return DeliveryPage(records=records, cursor=page.cursor)

    def _change(self, tenant: str, endpoint: str, change: Callable[[EndpointRecord], EndpointRecord]) -> EndpointRecord:
        """The changed endpoint; Conflict when others write into it all the time."""
        for attempt in range(1, _WRITES + 1):
            item = self.items.get(endpoints_of(tenant), f"{ENDPOINT}{endpoint}")
            known = self._open(tenant, item)
            changed = change(known)
            if changed is known:
                break
            try:
                self.items.put(replace(self._item(changed), revision=item.revision))
                break
            except Conflict:
                if attempt == _WRITES:
                    raise
        return changed

    def _item(self, record: EndpointRecord) -> Item:
        sealed = self.envelope.encrypt(record.model_dump_json().encode(), _context(record.tenant))
        return Item(owner=endpoints_of(record.tenant), name=f"{ENDPOINT}{record.endpoint_id}", body=sealed)

    def _open(self, tenant: str, item: Item) -> EndpointRecord:
        return EndpointRecord.model_validate_json(self.envelope.decrypt(item.body, _context(tenant)))


def new_keys(at: datetime, secret: str | None = None) -> SigningKeys:
    """Keys that nobody has, or with this HMAC secret; BadSecret when it is none."""
    key = Ed25519PrivateKey.generate()
    return SigningKeys(
        secret=_checked(secret) if secret is not None else f"whsec_{_text(secrets.token_bytes(SECRET_BYTES))}",
        private_key=f"whsk_{_text(key.private_bytes_raw())}",
        public_key=f"whpk_{_text(key.public_key().public_bytes_raw())}", created_at=at,
    )  # fmt: skip


def delivery_id(at: datetime) -> str:
    """A name for a delivery that sorts by its time."""
    return ulid(int(at.timestamp() * 1000))


def _checked(secret: str) -> str:
    try:
        size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        # Without its cause, which quotes nothing today but might.
        raise BadSecret("the secret is no base64") from None
    if not secret.startswith("whsec_") or not 24 <= size <= 64:
        raise BadSecret("a secret is whsec_ and base64 of 24 to 64 bytes")
    return secret


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _context(tenant: str) -> dict[str, str]:
    return {"tenant": tenant, "purpose": "endpoint", "schema": "endpoint/1"}


def _log_of(tenant: str, endpoint: str) -> str:
    return f"deliveries#{tenant}#{endpoint}"
