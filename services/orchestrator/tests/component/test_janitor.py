"""The janitor: a batch that nobody owns goes, everything else stays."""

from services.orchestrator.tests.component.world import Always, World

from millrace.contracts.artifacts import NDJSON
from millrace.contracts.ids import accepted_ms, new_run_id, ulid
from millrace.orchestrator.janitor import Janitor
from millrace.storage.artifacts import batch_key


def put_batch(world: World, run_id: str) -> None:
    world.artifacts.put(
        tenant="acme", key=batch_key(run_id), data=b"{}", media_type=NDJSON, schema_name="batch/1", durable=True
    )


def janitor(world: World, seconds_later: float) -> Janitor:
    now_s = accepted_ms(world.run_id) / 1000 + seconds_later
    return Janitor(store=world.runs, artifacts=world.artifacts, lease=Always(), clock=lambda: now_s)


def test_a_batch_without_a_run_is_deleted_when_it_is_old(world: World) -> None:
    # given: the ingestion service died between the batch and the run
    orphan = new_run_id()
    put_batch(world, orphan)
    # when / then
    assert janitor(world, 60).once() == 0
    assert janitor(world, 7200).once() == 1
    assert list(world.artifacts.keys_of("acme", orphan)) == []


def test_batches_of_runs_and_runs_with_more_than_a_batch_stay(world: World) -> None:
    # given
    put_batch(world, world.run_id)
    other = new_run_id()
    put_batch(world, other)
    world.artifacts.put(
        tenant="acme", key=f"{other}/report", data=b"{}", media_type=NDJSON, schema_name="any/1", durable=True
    )
    # when / then
    assert janitor(world, 7200).once() == 0


def test_a_run_id_tells_when_its_run_was_accepted() -> None:
    assert accepted_ms(f"run_{ulid(1_700_000_000_123)}") == 1_700_000_000_123
