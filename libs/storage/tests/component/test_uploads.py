"""Uploads: the same tests for S3 with DynamoDB and for their twins."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from millrace.contracts.uploads import UploadedPart, UploadRequest, UploadStatus
from millrace.storage.connect import Stores
from millrace.storage.errors import Conflict, Incomplete, LimitReached, NotFound
from millrace.storage.items import MemoryItems
from millrace.storage.memory import MemoryEnvelope
from millrace.storage.multipart import MemoryMultipart, Multipart
from millrace.storage.uploads import KEPT, UploadRecord, Uploads

PART = 5 << 20
FILE = b"a" * PART + b"b" * PART + b"tail"
WANTED = UploadRequest(size=len(FILE), media_type="text/csv", filename="ann.csv")


@dataclass
class World:
    """Uploads, and how their parts are sent and read."""

    uploads: Uploads
    send: Callable[[str, bytes], None]
    read: Callable[[str], bytes]
    at: datetime

    def fill(self, record: UploadRecord, *numbers: int) -> None:
        for number in numbers or range(1, len(record.sizes) + 1):
            size = record.sizes[number - 1]
            address = self.uploads.store.part_address(record.key, record.storage_id, number, size, 60)
            self.send(address, FILE[(number - 1) * PART :][:size])


@dataclass
class Overtaken:
    """A store that another request completes the upload in before it answers this one."""

    store: Multipart
    others: Uploads

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def complete(self, key: str, storage_id: str, parts: tuple[UploadedPart, ...]) -> None:
        self.others.complete("acme", key.rpartition("/")[2], {})
        self.store.complete(key, storage_id, parts)


def put(address: str, data: bytes) -> None:
    httpx.put(address, content=data).raise_for_status()


def fetch(address: str) -> bytes:
    return httpx.get(address).raise_for_status().content


@pytest.fixture(params=["memory", "aws"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "memory":
        store = MemoryMultipart()
        given = Uploads(items=MemoryItems(), envelope=MemoryEnvelope(), store=store, part_size=PART)
        made = World(given, store.send, lambda address: store.files[address.removeprefix("memory:")], datetime.now(UTC))
    else:
        stores: Stores = request.getfixturevalue("stores")
        real = stores.uploads
        made = World(
            Uploads(items=real.items, envelope=real.envelope, store=real.store, part_size=PART), put, fetch,
            datetime.now(UTC),
        )  # fmt: skip
    object.__setattr__(made.uploads, "clock", lambda: made.at)
    return made


def test_parts_that_arrived_in_any_order_become_the_file(world: World) -> None:
    # given
    record = world.uploads.open("acme", WANTED, 1)
    world.fill(record, 3, 1, 2)
    # when
    done = world.uploads.complete("acme", record.upload_id, {})
    # then
    assert (done.status, world.uploads.get("acme", record.upload_id)) == (UploadStatus.COMPLETE, done)
    assert world.read(world.uploads.read_address(done, 60)) == FILE


def test_what_has_arrived_is_known_and_a_repeat_of_a_part_replaces_it(world: World) -> None:
    # given
    record = world.uploads.open("acme", WANTED, 1)
    world.fill(record, 2, 2)
    # when / then
    assert [(part.part, part.size) for part in world.uploads.arrived(record)] == [(2, PART)]


def test_an_upload_with_missing_parts_is_not_complete_and_says_which(world: World) -> None:
    # given
    record = world.uploads.open("acme", WANTED, 1)
    world.fill(record, 2)
    # when / then
    with pytest.raises(Incomplete) as caught:
        world.uploads.complete("acme", record.upload_id, {2: '"0"'})
    assert caught.value.faults == ((1, "has not arrived"), (2, "has another ETag"), (3, "has not arrived"))


def test_a_part_of_another_size_is_not_taken_for_the_declared_one(world: World) -> None:
    # given
    record = world.uploads.open("acme", WANTED, 1)
    world.fill(record, 1, 2)
    world.send(world.uploads.store.part_address(record.key, record.storage_id, 3, 6, 60), b"longer")
    # when / then
    with pytest.raises(Incomplete) as caught:
        world.uploads.complete("acme", record.upload_id, {})
    assert caught.value.faults == ((3, "has 6 bytes in place of 4"),)


def test_to_complete_twice_is_the_same_and_so_is_after_a_lost_answer(world: World) -> None:
    # given: the store has made the file, but the process died before it could write that down
    record = world.uploads.open("acme", WANTED, 1)
    world.fill(record)
    world.uploads.store.complete(record.key, record.storage_id, world.uploads.arrived(record))
    # when
    first = world.uploads.complete("acme", record.upload_id, {})
    # then
    assert world.uploads.complete("acme", record.upload_id, {}) == first


def test_of_two_that_complete_it_at_the_same_time_both_do(world: World) -> None:
    # given: the store's answer to the first is on its way when the second is done
    record = world.uploads.open("acme", WANTED, 10)
    world.fill(record)
    first = replace(world.uploads, store=Overtaken(world.uploads.store, world.uploads))
    # when
    done = first.complete("acme", record.upload_id, {})
    # then
    assert done == world.uploads.get("acme", record.upload_id)
    assert done.status is UploadStatus.COMPLETE


def test_an_upload_is_claimed_by_one_until_it_lets_go(world: World) -> None:
    # given
    name = "acme", world.uploads.open("acme", WANTED, 10).upload_id
    world.uploads.claim(*name, "one")
    # when / then: a repeat is nothing
    world.uploads.claim(*name, "one")
    with pytest.raises(Conflict):
        world.uploads.claim(*name, "two")
    world.uploads.unclaim(*name, "two")
    with pytest.raises(Conflict):
        world.uploads.claim(*name, "two")
    world.uploads.unclaim(*name, "one")
    world.uploads.claim(*name, "two")


def test_another_tenants_upload_is_not_found(world: World) -> None:
    # given
    record = world.uploads.open("acme", WANTED, 1)
    # when / then
    for upload_id in (record.upload_id, "upl_1", "../tenant"):
        with pytest.raises(NotFound):
            world.uploads.get("rival", upload_id)


def test_a_tenant_has_so_many_at_a_time_until_they_expire(world: World) -> None:
    # given
    world.uploads.open("acme", WANTED, 1)
    with pytest.raises(LimitReached):
        world.uploads.open("acme", WANTED, 1)
    # when
    world.at += KEPT
    # then
    world.uploads.open("acme", WANTED, 1)


@pytest.mark.parametrize("complete", [False, True])
def test_what_is_forgotten_leaves_nothing(world: World, complete: bool) -> None:
    # given
    record = world.uploads.open("acme", WANTED, 1)
    world.fill(record)
    if complete:
        world.uploads.complete("acme", record.upload_id, {})
    # when
    world.uploads.forget(record)
    # then
    assert (list(world.uploads.store.objects("")), list(world.uploads.store.begun(""))) == ([], [])
    with pytest.raises(NotFound):
        world.uploads.get("acme", record.upload_id)


def test_old_uploads_are_cleared_away_and_young_ones_stay(world: World) -> None:
    # given
    old, whole = world.uploads.open("acme", WANTED, 9), world.uploads.open("rival", WANTED, 9)
    world.fill(whole)
    world.uploads.complete("rival", whole.upload_id, {})
    assert world.uploads.clear() == 0
    # when
    world.at += KEPT + timedelta(minutes=1)
    # then
    assert world.uploads.clear() == 2
    assert (list(world.uploads.store.objects("")), list(world.uploads.store.begun(""))) == ([], [])
    with pytest.raises(NotFound):
        world.uploads.get("acme", old.upload_id)


def test_what_is_said_about_a_file_is_sealed(world: World) -> None:
    # given
    world.uploads.open("acme", WANTED, 1)
    # when
    stored = world.uploads.items.page("tenant#acme", "upload#").items
    # then
    assert len(stored) == 1
    assert b"ann" not in stored[0].body
