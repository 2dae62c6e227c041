"""What one tenant can do with the names of another's things: nothing, by the API or past it."""

from datetime import timedelta

import httpx
import pytest
from tests.fuzz.asking import Ask, Right
from tests.fuzz.coverage import documented
from tests.fuzz.front_door import AMPLE, TENANT, FrontDoor, Keys
from tests.fuzz.probes import described
from tests.fuzz.seeds import Seeds, planted

from millrace.contracts.access import Scope
from millrace.contracts.base import now
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker
from millrace.storage.errors import StorageError
from millrace.storage.links import ReportLink, ReportLinks

STRANGER = "stranger"


@pytest.fixture(scope="module")
def seeds(door: FrontDoor) -> Seeds:
    return planted(door)


@pytest.fixture(scope="module")
def stranger(door: FrontDoor) -> str:
    """A key of another tenant, which may do everything."""
    keys = Keys(Accounts(items=door.stores.items), KeyMaker((door.stack.key_pepper,)))
    return keys.make(STRANGER, AMPLE, tuple(Scope))


def test_every_operation_on_another_tenants_thing_is_404(door: FrontDoor, seeds: Seeds, stranger: str):
    # given
    named = [operation for operation in documented(described(door.url)) if "{" in operation]
    right = Right(door, seeds).all()
    # when
    statuses = {operation: right[operation]().send(door.url, stranger).status_code for operation in named}
    # then
    assert len(named) > 10
    assert {operation: status for operation, status in statuses.items() if status != 404} == {}


def test_lists_hold_nothing_of_another_tenant(door: FrontDoor, seeds: Seeds, stranger: str):
    for what in ("runs", "endpoints"):
        ask = Ask(operation=f"GET /v1/{what}")
        assert ask.send(door.url, stranger).json()[what] == []
        assert ask.send(door.url, door.key).json()[what] != []


@pytest.mark.parametrize("what", ["runs", "endpoints"])
def test_another_tenants_cursor_shows_nothing_of_theirs(door: FrontDoor, seeds: Seeds, stranger: str, what: str):
    # given
    right, ask = Right(door, seeds), Ask(operation=f"GET /v1/{what}", query={"limit": 1})
    right.fresh_endpoint()
    cursor = ask.send(door.url, door.key).json()["cursor"]
    assert cursor
    # when
    answer = ask.having(query={"cursor": cursor}).send(door.url, stranger)
    # then
    assert answer.status_code in (200, 400, 422)
    assert answer.status_code != 200 or answer.json()[what] == []


def test_a_link_opens_its_report_and_no_other(door: FrontDoor, seeds: Seeds):
    # given
    links = ReportLinks((door.stack.link_secret,))
    forged = ReportLinks(("another secret that is long enough for it",))
    late, past = now() + timedelta(hours=1), now() - timedelta(seconds=1)

    def opens(run_id: str, token: str) -> int:
        url = f"{door.url}/v1/runs/{run_id}/report"
        return httpx.get(url, params={"attempt": 1, "token": token}, timeout=60).status_code

    def link(tenant: str, run_id: str) -> ReportLink:
        return ReportLink(tenant=tenant, run_id=run_id, attempt=1)

    # then
    mine = link(TENANT, seeds.ended)
    assert opens(seeds.ended, links.token(mine, late)) == 200
    assert opens(seeds.unreadable, links.token(mine, late)) == 403
    assert opens(seeds.ended, links.token(mine, past)) == 403
    assert opens(seeds.ended, forged.token(mine, late)) == 403
    assert opens(seeds.ended, links.token(link(STRANGER, seeds.ended), late)) == 404


def test_another_tenants_artifact_is_not_read_under_ones_own_name(door: FrontDoor, seeds: Seeds, stranger: str):
    # given
    store, ref = door.stores.artifacts, door.stores.runs.get(TENANT, seeds.ended).report
    assert ref is not None and store.get(TENANT, ref)
    # then: the key carries the tenant, and so does what the bytes are sealed with
    with pytest.raises(StorageError):
        store.get(STRANGER, ref)
    for path in (f"../{TENANT}/{ref.key}", f"{STRANGER}/../{TENANT}/{ref.key}"):
        with pytest.raises(StorageError):
            store.get(STRANGER, ref.model_copy(update={"key": path}))


def test_another_tenants_sealed_bytes_do_not_open_in_ones_own_place(door: FrontDoor, seeds: Seeds, stranger: str):
    # given
    store, ref = door.stores.artifacts, door.stores.runs.get(TENANT, seeds.ended).report
    assert ref is not None
    objects = door.stores.clients.client("s3")
    bucket = door.stack.environment["MILLRACE_BUCKET"]
    (key,) = (each["Key"] for each in objects.list_objects_v2(Bucket=bucket)["Contents"] if ref.key in each["Key"])
    # when
    objects.copy_object(Bucket=bucket, CopySource={"Bucket": bucket, "Key": key}, Key=key.replace(TENANT, STRANGER))
    # then
    with pytest.raises(StorageError):
        store.get(STRANGER, ref)
