"""Make a tenant's data unreadable for good, and say what that took with it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from millrace.contracts.base import Message, Timestamp
from millrace.storage import uploads
from millrace.storage.accounts import Accounts, owner_of
from millrace.storage.endpoints import ENDPOINT, endpoints_of
from millrace.storage.items import Item, Items
from millrace.storage.kms import MAX_AGE_S
from millrace.storage.multipart import Multipart
from millrace.storage.ports import RunStore
from millrace.storage.tenant_keys import TenantKeys

RECOVERY_DAYS = 35
"""How far back the tables can be restored: the longest that DynamoDB's point-in-time recovery goes, and its default."""

_Listed = TypeVar("_Listed")


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
    """Keys in the bucket that were deleted with every version of theirs."""
    items: int
    """Endpoints and uploads."""
    uploads: int
    """Files that waited for their runs, whole or in parts: only the bucket encrypts those, so they are deleted with
    every version of theirs."""


@dataclass(frozen=True, kw_only=True)
class Shredding:
    """Shreds tenants. May be repeated: what the first time did not come to is done then."""

    accounts: Accounts
    keys: TenantKeys
    items: Items
    runs: RunStore
    files: Multipart
    """The bucket, with what it keeps of deleted objects."""

    def shred(self, tenant: str) -> Shred:
        """Refuse the tenant, forget its keys, then delete what they sealed. NotFound without the tenant.

        From the second step on nothing is readable that was sealed; the rest is tidiness, but for uploads and for what
        the release before sealed under the master key itself: that is gone when it is deleted, so every version is,
        and whoever calls needs the right to. Run items go after the keys: whoever still carries a run on finds no
        record then, and cannot write one.
        """
        self.accounts.mark_shredded(tenant)
        at = self.keys.shred(tenant).shredded_at or self.keys.clock()
        runs, items = self.runs, self.items
        return Shred(
            tenant=tenant, shredded_at=at, caches_end_at=at + timedelta(seconds=MAX_AGE_S),
            backups_end_at=at + timedelta(days=RECOVERY_DAYS), keys_revoked=len(self.accounts.keys(tenant)),
            runs=_each(runs.ids(tenant), lambda run_id: runs.delete(tenant, run_id)),
            items=_each(self._sealed(tenant), lambda item: items.delete(item.owner, item.name)),
            objects=self.files.purge(f"{tenant}/"), uploads=self.files.purge(f"{uploads.PREFIX}{tenant}/"),
        )  # fmt: skip

    def _sealed(self, tenant: str) -> Iterator[Item]:
        """The tenant's items whose bodies are sealed: endpoints and uploads."""
        for owner, prefix in ((endpoints_of(tenant), ENDPOINT), (owner_of(tenant), uploads.NAME)):
            cursor = None
            while True:
                page = self.items.page(owner, prefix, after=cursor)
                yield from page.items
                cursor = page.cursor
                if cursor is None:
                    break


def _each(listed: Iterable[_Listed], delete: Callable[[_Listed], None]) -> int:
    """Delete all of these; how many they were. Listed first, so that no page is cut short by what is deleted."""
    every = list(listed)
    for each in every:
        delete(each)
    return len(every)
