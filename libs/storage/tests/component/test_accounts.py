"""Tenants and keys: the same tests for DynamoDB and for its twin."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from millrace.contracts.access import ApiKeyRecord, Quota, Scope
from millrace.storage.accounts import LIVE_KEYS, Accounts
from millrace.storage.api_keys import KeyMaker
from millrace.storage.connect import Stores
from millrace.storage.errors import Conflict, LimitReached, NotFound
from millrace.storage.items import Items, MemoryItems
from millrace.testing.factories import START

DAY = timedelta(days=1)
MAKER = KeyMaker(("p" * 32,))


@dataclass
class Clock:
    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture(params=["memory", "dynamodb"])
def items(request: pytest.FixtureRequest) -> Items:
    if request.param == "memory":
        return MemoryItems()
    stores: Stores = request.getfixturevalue("stores")
    return stores.items


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(items: Items, clock: Clock) -> Accounts:
    made = Accounts(items=items, clock=clock)
    made.create_tenant("acme", Quota(runs_per_day=5))
    return made


def key(
    name: str = "ci", tenant: str = "acme", expires_at: datetime | None = None, at: datetime = START
) -> ApiKeyRecord:
    return MAKER.make(tenant, name, (Scope.RUNS_READ,), at, expires_at)[0]


def test_a_tenant_is_made_once(accounts: Accounts) -> None:
    # when / then
    with pytest.raises(Conflict):
        accounts.create_tenant("acme")
    assert accounts.tenant("acme").quota.runs_per_day == 5


def test_a_tenants_name_is_checked(accounts: Accounts) -> None:
    # when / then
    with pytest.raises(ValueError, match="pattern"):
        accounts.create_tenant("Acme#1")


def test_nobody_knows_a_tenant_that_is_not_there(accounts: Accounts) -> None:
    # when / then
    with pytest.raises(NotFound):
        accounts.tenant("rival")
    with pytest.raises(NotFound):
        accounts.suspend("rival")
    with pytest.raises(NotFound):
        accounts.add_key(key(tenant="rival"))


def test_tenants_are_listed_by_name(accounts: Accounts) -> None:
    # given
    accounts.create_tenant("zeta")
    accounts.create_tenant("beta")
    # when / then
    assert [each.tenant for each in accounts.tenants()] == ["acme", "beta", "zeta"]


def test_a_suspended_tenant_can_be_resumed_and_a_shredded_one_stays(accounts: Accounts, clock: Clock) -> None:
    # when / then
    assert not accounts.suspend("acme").active
    assert accounts.resume("acme").active
    accounts.mark_shredded("acme")
    clock.at = START + DAY
    assert accounts.mark_shredded("acme").shredded_at == START
    assert not accounts.resume("acme").active


def test_a_quota_is_changed_and_nothing_else(accounts: Accounts) -> None:
    # when
    accounts.suspend("acme")
    accounts.set_quota("acme", Quota(endpoints=3))
    # then
    found = accounts.tenant("acme")
    assert (found.quota, found.suspended_at) == (Quota(endpoints=3), START)


def test_a_key_is_found_by_its_id_alone(accounts: Accounts) -> None:
    # given
    made = key()
    accounts.add_key(made)
    # when / then
    assert accounts.key(made.key_id) == made
    with pytest.raises(NotFound):
        accounts.key("aaaaaaaaaaaa")


def test_a_name_has_two_live_keys_at_most(accounts: Accounts) -> None:
    # given
    first, second = key(), key()
    accounts.add_key(first)
    accounts.add_key(second)
    # when / then
    with pytest.raises(LimitReached):
        accounts.add_key(key())
    accounts.add_key(key(name="other"))
    accounts.revoke(first.key_id)
    accounts.add_key(key())


def test_an_expired_key_does_not_count(accounts: Accounts, clock: Clock) -> None:
    # given
    for _ in range(LIVE_KEYS):
        accounts.add_key(key(expires_at=START + DAY))
    # when
    clock.at = START + DAY
    # then
    accounts.add_key(key(at=clock.at))
    assert [each.live(clock.at) for each in accounts.keys("acme")] == [False, False, True]


def test_keys_that_are_made_at_once_keep_the_limit(accounts: Accounts) -> None:
    # given
    def add(_: int) -> bool:
        try:
            accounts.add_key(key())
        except (Conflict, LimitReached):
            return False
        return True

    # when
    with ThreadPoolExecutor(8) as pool:
        added = sum(pool.map(add, range(16)))
    # then
    assert 1 <= added <= LIVE_KEYS
    assert len(accounts.keys("acme")) == added


def test_a_key_is_revoked_once(accounts: Accounts, clock: Clock) -> None:
    # given
    made = key()
    accounts.add_key(made)
    # when
    accounts.revoke(made.key_id)
    clock.at = START + DAY
    # then
    assert accounts.revoke(made.key_id).revoked_at == START
    assert not accounts.key(made.key_id).live(START)


def test_keys_are_their_tenants_alone(accounts: Accounts) -> None:
    # given
    accounts.create_tenant("rival")
    made = [key(name=f"k{number}", at=START + number * DAY) for number in range(3)]
    for each in reversed(made):
        accounts.add_key(each)
    # when / then
    assert list(accounts.keys("acme")) == made
    assert accounts.keys("rival") == ()
