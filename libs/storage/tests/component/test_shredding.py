"""Shredding a tenant and erasing a customer: the same tests for the real stores and for their twins."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from millrace.contracts.artifacts import INLINE_LIMIT, JSON, NDJSON, ArtifactRef
from millrace.contracts.ids import new_run_id
from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import TIDY_AFTER, RunRecord, RunStatus, StageRecord, StepRecord
from millrace.storage.accounts import Accounts
from millrace.storage.artifacts import ArtifactStore, batch_key
from millrace.storage.connect import Stores, connect_runs
from millrace.storage.endpoints import endpoints_of
from millrace.storage.erasing import Erasing
from millrace.storage.errors import Conflict, NotFound, Shredded
from millrace.storage.items import Item, Items, MemoryItems
from millrace.storage.kms import KmsEnvelope
from millrace.storage.master_key import MemoryMasterKey
from millrace.storage.memory import MemoryObjects, MemoryRuns
from millrace.storage.multipart import MemoryMultipart, Multipart, S3Multipart
from millrace.storage.ports import RunStore
from millrace.storage.shredding import Shredding
from millrace.storage.tenant_keys import TenantKeys
from millrace.testing.factories import START, run_record


@dataclass(frozen=True)
class World:
    keys: TenantKeys
    items: Items
    runs: RunStore
    artifacts: ArtifactStore
    files: Multipart

    @property
    def shredding(self) -> Shredding:
        accounts = Accounts(items=self.items)
        return Shredding(accounts=accounts, keys=self.keys, items=self.items, runs=self.runs, files=self.files)

    @property
    def erasing(self) -> Erasing:
        return Erasing(runs=self.runs, artifacts=self.artifacts)

    def anew(self) -> "World":
        """The same stores, as another process sees them."""
        envelope = KmsEnvelope(self.keys)
        runs = self.runs if isinstance(self.runs, MemoryRuns) else connect_runs(self.runs.runs.clients, envelope)
        return replace(self, runs=runs, artifacts=replace(self.artifacts, envelope=envelope))


@pytest.fixture(params=["memory", "real"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "memory":
        keys = TenantKeys(items=MemoryItems(), master=MemoryMasterKey())
        cold = MemoryObjects()
        artifacts = ArtifactStore(cold=cold, hot=MemoryObjects(), envelope=KmsEnvelope(keys))
        return World(keys, keys.items, MemoryRuns(), artifacts, MemoryMultipart(cold.objects))
    stores: Stores = request.getfixturevalue("stores")
    request.getfixturevalue("redis")
    # As production's bucket is.
    stores.clients.client("s3").put_bucket_versioning(
        Bucket=stores.clients.settings.bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    return World(stores.keys, stores.items, stores.runs, stores.artifacts, stores.uploads.store)


def put(world: World, tenant: str, key: str, data: bytes, schema: str = "units/1", durable: bool = True) -> ArtifactRef:
    media = NDJSON if schema == "batch/1" else JSON
    return world.artifacts.put(
        tenant=tenant, key=key, data=data, media_type=media, schema_name=schema, durable=durable
    )[0]  # fmt: skip


def batch(*customers: str) -> bytes:
    rows = ({"record_id": str(number), "text": "t", "customer_ref": who} for number, who in enumerate(customers))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def ended_run(
    world: World, *customers: str, tenant: str = "acme", status: RunStatus = RunStatus.COMPLETED
) -> RunRecord:
    """A run with a batch, two derived artifacts in both tiers, and a report."""
    run_id = new_run_id()
    given = put(world, tenant, batch_key(run_id), batch(*customers), "batch/1")
    cold = put(world, tenant, f"{run_id}/enrich/units", b"u" * (INLINE_LIMIT + 1))
    hot = put(world, tenant, f"{run_id}/enrich/small", b"small", durable=False)
    report = put(world, tenant, f"{run_id}/report", b"{}", "report/1")
    step = StepRecord(
        name="enrich", task="t", task_version=1, required=True, planned=1, status=OutcomeStatus.SUCCEEDED,
        input_hash="abc", artifacts={"units": (cold, hot)},
    )  # fmt: skip
    stage = StageRecord(name="enrich", started_at=START, deadline_at=START, joined_at=START, steps=(step,))
    record = run_record(
        run_id=run_id, tenant=tenant, batch=given, records=len(customers), status=status, stages=(stage,),
        report=report, ended_at=START if status.terminal else None, due_at=None,
    )  # fmt: skip
    world.runs.create(record)
    return record


def test_after_shredding_nothing_opens_and_the_count_is_right(world: World) -> None:
    # given a tenant with two runs, an endpoint and an upload, and another tenant
    accounts = Accounts(items=world.items)
    for tenant in ("acme", "rival"):
        accounts.create_tenant(tenant)
    first, _, theirs = ended_run(world, "c1"), ended_run(world, "c2"), ended_run(world, "c1", tenant="rival")
    hot = first.stages[0].steps[0].artifacts["units"][1]
    held = world.artifacts.cold.get(f"acme/{first.batch.key}")
    world.items.put(Item(owner=endpoints_of("acme"), name="endpoint#1", body=b"sealed"))
    world.artifacts.cold.put("_uploads/acme/upl_1", b"plain")
    # when
    shred = world.shredding.shred("acme")
    # then
    assert (shred.runs, shred.objects, shred.items, shred.uploads) == (2, 6, 1, 1)
    assert shred.caches_end_at - shred.shredded_at == timedelta(minutes=5)
    fresh = world.anew()
    fresh.artifacts.cold.put(f"acme/{first.batch.key}", held)
    for ref in (first.batch, hot):
        with pytest.raises(Shredded):
            fresh.artifacts.get("acme", ref)
    assert not accounts.tenant("acme").active
    assert fresh.artifacts.get("rival", theirs.batch) == batch("c1")
    assert list(world.runs.ids("rival")) == [theirs.run_id]


def test_shredding_again_finishes_what_was_left(world: World) -> None:
    # given a shredding that was interrupted after the keys were gone, and an object that came late
    Accounts(items=world.items).create_tenant("acme")
    record = ended_run(world, "c1")
    world.keys.shred("acme")
    # when
    first, second = world.shredding.shred("acme"), world.shredding.shred("acme")
    # then
    assert (first.runs, first.objects, second.runs, second.objects) == (1, 3, 0, 0)
    assert first.shredded_at == second.shredded_at
    with pytest.raises(NotFound):
        world.runs.get("acme", record.run_id)


def test_no_version_and_no_part_of_a_shredded_tenants_files_is_left(world: World) -> None:
    # given an upload, one in parts, and an object and an upload that were deleted before
    accounts = Accounts(items=world.items)
    for tenant in ("acme", "acme-2"):
        accounts.create_tenant(tenant)
        world.files.begin(f"_uploads/{tenant}/upl_2")
        for key in (f"_uploads/{tenant}/upl_1", f"_uploads/{tenant}/upl_0", f"{tenant}/run_1/old"):
            world.artifacts.cold.put(key, b"plain")
    for key in ("_uploads/acme/upl_0", "acme/run_1/old"):
        world.artifacts.cold.delete(key)
    # when
    shred = world.shredding.shred("acme")
    # then
    left = [f"_uploads/acme-2/{name}" for name in ("upl_0", "upl_1")] + ["acme-2/run_1/old"]
    assert _versions(world) == left
    assert [key for key, _ in world.files.begun("")] == ["_uploads/acme-2/upl_2"]
    remembers = isinstance(world.files, S3Multipart)
    assert (shred.objects, shred.uploads) == ((1, 3) if remembers else (0, 2))


def _versions(world: World) -> list[str]:
    """Keys of everything that the bucket still has, deleted or not."""
    if not isinstance(world.files, S3Multipart):
        return list(world.files.objects(""))
    found = world.files.clients.client("s3").list_object_versions(Bucket=world.files.bucket)
    return sorted(each["Key"] for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())))


def test_a_tenant_that_is_not_there_is_not_shredded(world: World) -> None:
    # when / then
    with pytest.raises(NotFound):
        world.shredding.shred("nobody")
    assert world.keys.seal("nobody").versions == ()


def test_an_erased_customer_is_in_nothing_of_the_run_any_more(world: World) -> None:
    # given a run with the customer and one without
    with_them, without = ended_run(world, "c1", "c2", "c1"), ended_run(world, "c2")
    # when
    erasure = world.erasing.erase("acme", "c1")
    # then
    assert (erasure.runs, erasure.records, erasure.looked_at, erasure.objects) == (1, 2, 2, 3)
    after = world.runs.get("acme", with_them.run_id)
    rows = [json.loads(line) for line in world.artifacts.get("acme", after.batch).splitlines()]
    assert [row["customer_ref"] for row in rows] == ["c2"]
    assert (after.records, after.report, after.status) == (1, None, RunStatus.COMPLETED)
    assert [(step.artifacts, step.input_hash) for step in after.stages[0].steps] == [({}, "")]
    assert list(world.artifacts.keys_of("acme", with_them.run_id)) == [after.batch.key]
    hot = with_them.stages[0].steps[0].artifacts["units"][1]
    with pytest.raises(NotFound):
        world.artifacts.get("acme", hot)
    assert world.runs.get("acme", without.run_id) == without


@pytest.mark.parametrize(("seconds", "busy"), [(20, True), (59, True), (60, False), (900, False)])
def test_what_a_late_part_writes_after_an_erasure_is_looked_for(world: World, seconds: int, busy: bool) -> None:
    # given a run that ended a while ago
    record = ended_run(world, "c1", "c2")
    at = START + timedelta(seconds=seconds)
    # when
    erasure = replace(world.erasing, clock=lambda: at).erase("acme", "c1")
    # then it is tidied up when no part of it can be at work any more, and named until then
    after = world.runs.get("acme", record.run_id)
    assert after.tidy_at == after.due_at == max(at, START + TIDY_AFTER)
    assert (erasure.changed, erasure.active) == ((record.run_id,), (record.run_id,) if busy else ())


def test_a_second_erasure_finds_nothing(world: World) -> None:
    # given
    ended_run(world, "c1", "c2")
    world.erasing.erase("acme", "c1")
    # when
    again = world.erasing.erase("acme", "c1")
    # then
    assert (again.runs, again.records, again.objects) == (0, 0, 0)


@pytest.mark.parametrize("crash", ["before the record", "before the last delete"])
def test_an_erasure_that_was_killed_is_finished_by_the_next(world: World, crash: str) -> None:
    # given an erasure that dies in the middle
    record = ended_run(world, "c1", "c2")

    @dataclass(frozen=True)
    class Dying:
        runs: RunStore

        def __getattr__(self, name: str) -> object:
            return getattr(self.runs, name)

        def replace(self, written: RunRecord) -> RunRecord:
            if crash == "before the last delete":
                self.runs.replace(written)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Erasing(runs=Dying(world.runs), artifacts=world.artifacts).erase("acme", "c1")
    # when
    world.erasing.erase("acme", "c1")
    # then
    after = world.runs.get("acme", record.run_id)
    assert world.artifacts.get("acme", after.batch).count(b"\n") == 1
    assert list(world.artifacts.keys_of("acme", record.run_id)) == [after.batch.key]
    assert after.due_at is not None, "the sweep would look, too"


def test_a_run_that_goes_on_is_named_and_left(world: World) -> None:
    # given
    record = ended_run(world, "c1", status=RunStatus.RUNNING)
    # when
    erasure = world.erasing.erase("acme", "c1")
    # then
    assert (erasure.runs, erasure.active) == (0, (record.run_id,))
    assert world.runs.get("acme", record.run_id) == record


def test_a_run_whose_batch_is_lost_is_named(world: World) -> None:
    # given
    record = ended_run(world, "c1")
    world.artifacts.delete("acme", record.batch)
    # when / then
    assert world.erasing.erase("acme", "c1").unknown == (record.run_id,)


def test_a_run_that_somebody_wrote_meanwhile_is_looked_at_again(world: World) -> None:
    # given a run that is written once between the look and the write
    record = ended_run(world, "c1", "c2")

    @dataclass
    class Busy:
        runs: RunStore
        times: int

        def __getattr__(self, name: str) -> object:
            return getattr(self.runs, name)

        def replace(self, written: RunRecord) -> RunRecord:
            self.times -= 1
            if self.times >= 0:
                self.runs.replace(self.runs.get(written.tenant, written.run_id))
            return self.runs.replace(written)

    # when / then
    with pytest.raises(Conflict):
        Erasing(runs=Busy(world.runs, 99), artifacts=world.artifacts).erase("acme", "c1")
    assert Erasing(runs=Busy(world.runs, 1), artifacts=world.artifacts).erase("acme", "c1").runs == 1
    assert world.runs.get("acme", record.run_id).records == 1
