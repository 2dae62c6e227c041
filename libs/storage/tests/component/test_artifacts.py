"""The artifact store: the same tests for S3, Redis and KMS, and for their twins."""

import pytest

from millrace.contracts.artifacts import INLINE_LIMIT, JSON, ArtifactRef
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.connect import Stores
from millrace.storage.errors import Corrupt, NotFound
from millrace.storage.memory import memory_artifacts

SMALL = b'{"a": 1}'
LARGE = b"x" * (INLINE_LIMIT + 1)


@pytest.fixture(params=["memory", "real"])
def artifacts(request: pytest.FixtureRequest) -> ArtifactStore:
    if request.param == "memory":
        return memory_artifacts()
    stores: Stores = request.getfixturevalue("stores")
    request.getfixturevalue("redis")
    return stores.artifacts


def put(store: ArtifactStore, data: bytes, key: str = "run/part/a", durable: bool = False) -> tuple[ArtifactRef, bool]:
    return store.put(tenant="acme", key=key, data=data, media_type=JSON, schema_name="test/1", durable=durable)


@pytest.mark.parametrize(
    ("data", "durable", "tier"),
    [(SMALL, False, "hot"), (LARGE, False, "cold"), (SMALL, True, "cold")],
    ids=["small", "large", "durable"],
)
def test_bytes_come_back_from_the_tier_that_fits(
    artifacts: ArtifactStore, data: bytes, durable: bool, tier: str
) -> None:
    # when
    ref, created = put(artifacts, data, durable=durable)
    # then
    assert (ref.tier, ref.size, created) == (tier, len(data), True)
    assert artifacts.get("acme", ref) == data


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["hot", "cold"])
def test_the_first_write_stays_and_the_second_is_told_of_it(artifacts: ArtifactStore, data: bytes) -> None:
    # given
    first, _ = put(artifacts, data)
    # when
    second, created = put(artifacts, data.replace(b"1", b"2").replace(b"x", b"y"))
    # then
    assert not created
    assert second.sha256 == first.sha256
    assert artifacts.get("acme", second) == data


def test_another_tenant_finds_nothing(artifacts: ArtifactStore) -> None:
    # given
    ref, _ = put(artifacts, SMALL)
    # when / then
    with pytest.raises(NotFound):
        artifacts.get("rival", ref)


def test_what_was_deleted_is_gone(artifacts: ArtifactStore) -> None:
    # given
    ref, _ = put(artifacts, SMALL)
    # when
    artifacts.delete("acme", ref)
    # then
    with pytest.raises(NotFound):
        artifacts.get("acme", ref)


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["hot", "cold"])
def test_nothing_readable_is_stored(artifacts: ArtifactStore, data: bytes) -> None:
    # given
    ref, _ = put(artifacts, data)
    tier = artifacts.hot if ref.tier == "hot" else artifacts.cold
    # when
    stored = tier.get(f"acme/{ref.key}")
    # then
    assert data[:8] not in stored


@pytest.mark.parametrize("where", [-1, 40], ids=["end", "header"])
def test_altered_bytes_are_refused(artifacts: ArtifactStore, where: int) -> None:
    # given
    ref, _ = put(artifacts, SMALL)
    sealed = bytearray(artifacts.hot.get(f"acme/{ref.key}"))
    sealed[min(where, len(sealed) - 1)] ^= 1
    artifacts.delete("acme", ref)
    artifacts.hot.put(f"acme/{ref.key}", bytes(sealed))
    # when / then
    with pytest.raises(Corrupt):
        artifacts.get("acme", ref)


def test_bytes_under_another_tenants_seal_are_refused(artifacts: ArtifactStore) -> None:
    # given
    ref, _ = put(artifacts, SMALL)
    artifacts.hot.put(f"rival/{ref.key}", artifacts.hot.get(f"acme/{ref.key}"))
    # when / then
    with pytest.raises(Corrupt):
        artifacts.get("rival", ref)


def test_a_reference_to_other_bytes_is_refused(artifacts: ArtifactStore) -> None:
    # given
    ref, _ = put(artifacts, SMALL)
    # when / then
    with pytest.raises(Corrupt):
        artifacts.get("acme", ref.model_copy(update={"sha256": "0" * 64}))


def test_what_is_no_longer_there_is_told_apart_from_what_is(artifacts: ArtifactStore) -> None:
    # given
    run = "run_01J00000000000000000000000"
    refs = [put(artifacts, data, f"{run}/{name}")[0] for name, data in (("a", SMALL), ("b", LARGE), ("c", LARGE))]
    small, gone = put(artifacts, SMALL, f"{run}/d")[0], refs[2]
    # when
    artifacts.delete("acme", small)
    artifacts.delete("acme", gone)
    # then
    assert artifacts.lost("acme", run, [*refs, small]) == {gone.key, small.key}


def test_a_runs_objects_are_listed_and_nobody_elses(artifacts: ArtifactStore) -> None:
    # given
    for key in ("run_1/batch", "run_1/stage/a", "run_2/batch"):
        put(artifacts, LARGE, key)
    put(artifacts, SMALL, "run_1/hot")
    # when / then
    assert list(artifacts.keys_of("acme", "run_1")) == ["run_1/batch", "run_1/stage/a"]
    assert list(artifacts.by_run()) == [
        ("acme", "run_1", ["run_1/batch", "run_1/stage/a"]),
        ("acme", "run_2", ["run_2/batch"]),
    ]


def test_an_object_that_was_deleted_by_its_key_is_gone(artifacts: ArtifactStore) -> None:
    # given
    ref, _ = put(artifacts, LARGE)
    # when
    artifacts.delete_key("acme", ref.key)
    # then
    with pytest.raises(NotFound):
        artifacts.get("acme", ref)
