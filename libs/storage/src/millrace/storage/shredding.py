"""Make a tenant's data unreadable for good, and say what that took with it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from millrace.contracts.base import Message, Timestamp
from millrace.storage import uploads
from millrace.storage.accounts import Accounts, owner_of
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.items import Items
from millrace.storage.kms import MAX_AGE_S
from millrace.storage.ports import RunStore
from millrace.storage.tenant_keys import TenantKeys

RECOVERY_DAYS = 35
"""How far back the tables can be restored: the longest that DynamoDB's point-in-time recovery goes, and its default."""
SEALED_ITEMS = ("endpoint#", "upload#")
"""What the names of a tenant's items begin with whose bodies are sealed."""


class Shred(Message):
    """What was made unreadable."""

    tenant: str
    shredded_at: Timestamp
    caches_end_at: Timestamp
    """Until then a process that had read the keys may still use them."""
    backups_end_at: Timestamp
    """Until then a backup of the account table holds the sealed keys."""
    keys_revoked: int
    runs: int
    objects: int
    items: int
    """Endpoints and uploads."""
    uploads: int
    """Files that waited for their runs: only the bucket encrypts those, so they are gone when they are deleted."""


@dataclass(frozen=True, kw_only=True)
class Shredding:
    """Shreds tenants. May be repeated: what the first time did not come to is done then."""

    accounts: Accounts
    keys: TenantKeys
    items: Items
    runs: RunStore
    artifacts: ArtifactStore

    def shred(self, tenant: str) -> Shred:
        """Refuse the tenant, forget its keys, then delete what they sealed. NotFound without the tenant.

        From the second step on nothing is readable that was sealed; the rest is tidiness, but for uploads and for what
        the release before sealed under the master key itself: that is gone when it is deleted. Run items go after the
        keys: whoever still carries a run on finds no record then, and cannot write one.
        """
        self.accounts.mark_shredded(tenant)
        at = self.keys.shred(tenant).shredded_at or self.keys.clock()
        cold, runs, items = self.artifacts.cold, self.runs, self.items
        owner = owner_of(tenant)
        return Shred(
            tenant=tenant, shredded_at=at, caches_end_at=at + timedelta(seconds=MAX_AGE_S),
            backups_end_at=at + timedelta(days=RECOVERY_DAYS), keys_revoked=len(self.accounts.keys(tenant)),
            runs=_each(runs.ids(tenant), lambda run_id: runs.delete(tenant, run_id)),
            objects=_each(cold.keys(f"{tenant}/"), cold.delete),
            items=_each(self._sealed(owner), lambda name: items.delete(owner, name)),
            uploads=_each(cold.keys(f"{uploads.PREFIX}{tenant}/"), cold.delete),
        )  # fmt: skip

    def _sealed(self, owner: str) -> Iterator[str]:
        for prefix in SEALED_ITEMS:
            cursor = None
            while True:
                page = self.items.page(owner, prefix, after=cursor)
                yield from (item.name for item in page.items)
                cursor = page.cursor
                if cursor is None:
                    break


def _each(names: Iterable[str], delete: Callable[[str], None]) -> int:
    """Delete all of these; how many they were. Listed first, so that no page is cut short by what is deleted."""
    listed = list(names)
    for name in listed:
        delete(name)
    return len(listed)
