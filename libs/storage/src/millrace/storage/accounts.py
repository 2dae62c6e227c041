"""Tenants and their API keys, kept as items.

A tenant's items have the owner `tenant#<tenant>`: `tenant` is its record, `key#<id>` a key. `key#<id>` is also an
owner, of the one item that says whose the key is, and `tenants` lists who there is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from millrace.contracts.access import ApiKeyRecord, Quota, TenantRecord
from millrace.contracts.base import now
from millrace.storage.errors import LimitReached
from millrace.storage.items import Item, Items

LIVE_KEYS = 2
"""Live keys of a tenant under one name: the old one, and the one that takes its place."""
TENANT = "tenant"
KEY = "key#"
_ALL = "tenants"


def owner_of(tenant: str) -> str:
    """The owner of a tenant's items."""
    return f"tenant#{tenant}"


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Who may use the API. Reads are consistent; who caches them says for how long."""

    items: Items
    clock: Callable[[], datetime] = now

    def create_tenant(self, tenant: str, quota: Quota | None = None) -> TenantRecord:
        """A new tenant; Conflict when there is one of that name, or was."""
        record = TenantRecord(tenant=tenant, created_at=self.clock(), quota=quota or Quota())
        listed = Item(owner=_ALL, name=tenant, body=b"")
        self.items.put_all((Item(owner=owner_of(tenant), name=TENANT, body=_bytes(record)), listed))
        return record

    def tenant(self, tenant: str) -> TenantRecord:
        """The tenant's record; NotFound when there is no such tenant."""
        return TenantRecord.model_validate_json(self.items.get(owner_of(tenant), TENANT).body)

    def tenants(self) -> tuple[TenantRecord, ...]:
        """Every tenant, by name, the suspended and the shredded ones too."""
        return tuple(self.tenant(item.name) for item in self._every(_ALL))

    def suspend(self, tenant: str) -> TenantRecord:
        """Refuse the tenant's keys for the time being. NotFound, or Conflict when somebody wrote at the same time."""
        return self._change(tenant, suspended_at=self.clock())

    def resume(self, tenant: str) -> TenantRecord:
        """Accept the tenant's keys again. NotFound or Conflict."""
        return self._change(tenant, suspended_at=None)

    def set_quota(self, tenant: str, quota: Quota) -> TenantRecord:
        """Change how much the tenant may use. NotFound or Conflict."""
        return self._change(tenant, quota=quota)

    def mark_shredded(self, tenant: str) -> TenantRecord:
        """Refuse the tenant for good; its first time stays. NotFound or Conflict."""
        known = self.tenant(tenant)
        return known if known.shredded_at else self._change(tenant, shredded_at=self.clock())

    def add_key(self, key: ApiKeyRecord) -> None:
        """Keep a new key.

        NotFound without the tenant, LimitReached when two live keys have its name, Conflict when the id is taken or
        somebody changed the account at the same time. The tenant's record is written along, unchanged: two keys that
        are made at once meet there.
        """
        account = self.items.get(owner_of(key.tenant), TENANT)
        live = [each for each in self.keys(key.tenant) if each.name == key.name and each.live(self.clock())]
        if len(live) >= LIVE_KEYS:
            raise LimitReached(f"{key.tenant} has {len(live)} live keys of the name {key.name!r}; revoke one first")
        pointer = Item(owner=f"{KEY}{key.key_id}", name=TENANT, body=key.tenant.encode())
        kept = Item(owner=owner_of(key.tenant), name=f"{KEY}{key.key_id}", body=_bytes(key))
        self.items.put_all((account, pointer, kept))

    def key(self, key_id: str) -> ApiKeyRecord:
        """The key of this id, live or not; NotFound."""
        return _key(self._key_item(key_id))

    def keys(self, tenant: str) -> tuple[ApiKeyRecord, ...]:
        """The tenant's keys, the oldest first, the dead ones too."""
        found = [_key(item) for item in self._every(owner_of(tenant), KEY)]
        return tuple(sorted(found, key=lambda key: (key.created_at, key.key_id)))

    def revoke(self, key_id: str) -> ApiKeyRecord:
        """Refuse the key for good; its first time stays. NotFound."""
        item = self._key_item(key_id)
        key = _key(item)
        if key.revoked_at is None:
            key = key.model_copy(update={"revoked_at": self.clock()})
            self.items.put(replace(item, body=_bytes(key)))
        return key

    def _key_item(self, key_id: str) -> Item:
        tenant = self.items.get(f"{KEY}{key_id}", TENANT).body.decode()
        return self.items.get(owner_of(tenant), f"{KEY}{key_id}")

    def _change(self, tenant: str, **changes: Any) -> TenantRecord:
        item = self.items.get(owner_of(tenant), TENANT)
        record = TenantRecord.model_validate_json(item.body).model_copy(update=changes)
        self.items.put(replace(item, body=_bytes(record)))
        return record

    def _every(self, owner: str, prefix: str = "") -> Iterator[Item]:
        cursor = None
        while True:
            page = self.items.page(owner, prefix, after=cursor)
            yield from page.items
            cursor = page.cursor
            if cursor is None:
                return


def _bytes(record: TenantRecord | ApiKeyRecord) -> bytes:
    return record.model_dump_json(exclude_none=True).encode()


def _key(item: Item) -> ApiKeyRecord:
    return ApiKeyRecord.model_validate_json(item.body)
