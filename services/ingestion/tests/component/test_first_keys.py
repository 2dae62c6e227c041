"""Keys of tenants that were there before tenants had keys."""

import pytest

from millrace.ingestion.first_keys import make_first_keys
from millrace.storage.accounts import Accounts
from millrace.storage.errors import Shredded, Unavailable
from millrace.storage.items import Item, MemoryItems
from millrace.storage.master_key import MemoryMasterKey
from millrace.storage.tenant_keys import TenantKeys


class Away(MemoryItems):
    """Items that cannot be written."""

    def put(self, item: Item) -> Item:
        raise Unavailable("dynamodb put item: ThrottlingException")


def test_every_tenant_has_keys_once_the_api_has_started() -> None:
    # given a tenant without keys, one with, one that is shredded, and one whose shredding has only begun
    items = MemoryItems()
    accounts, keys = Accounts(items=items), TenantKeys(items=items, master=MemoryMasterKey())
    for tenant in ("begun", "old", "shredded", "young"):
        accounts.create_tenant(tenant)
    known = keys.ensure("young")
    accounts.mark_shredded("shredded")
    keys.shred("begun")
    # when
    make_first_keys(accounts, keys)
    # then
    assert len(keys.seal("old").versions) == 1
    assert keys.seal("young") == known
    assert keys.seal("shredded").versions == ()
    with pytest.raises(Shredded):
        keys.seal("begun")


def test_stores_that_do_not_answer_do_not_keep_the_api_from_starting(caplog: pytest.LogCaptureFixture) -> None:
    # given
    items = MemoryItems()
    Accounts(items=items).create_tenant("acme")
    away = TenantKeys(items=Away(items.items), master=MemoryMasterKey())
    # when
    make_first_keys(Accounts(items=items), away)
    # then
    assert [record.getMessage() for record in caplog.records] == ["first_keys_missing"]
