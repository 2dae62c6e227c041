"""Gather the facts after the drain: what is in the table, in the bucket and in the queues, past every proxy."""

import base64
import time
from collections.abc import Iterator

from tests.chaos.accounting import Facts
from tests.chaos.scenario import Scenario
from tests.chaos.world import World

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.run import RunRecord
from millrace.orchestrator.janitor import Janitor
from millrace.orchestrator.keeping import references
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.errors import StorageError
from millrace.storage.memory import MemoryObjects
from millrace.storage.s3 import S3Objects


def drained(world: World, seconds: float) -> dict[str, int]:
    """Wait until every queue is empty; what is left when the time is up."""
    give_up = time.monotonic() + seconds
    while (left := {queue: count for queue, count in world.broker.left().items() if count}) and (
        time.monotonic() < give_up
    ):
        time.sleep(0.2)
    return left


def gather(world: World, played: list[Scenario], left: dict[str, int]) -> Facts:
    """Everything that the accounting judges."""
    records = list(_records(world))
    _clean(world)
    return Facts(
        attempts=world.ledger.attempts, records=records, history=list(_history(world)), called=world.ledger.called,
        changes=world.ledger.objects, objects=frozenset(_objects(world, records)), left=left,
        unresolved=_unresolved(world, records), dead=[*world.exhumed, *world.broker.dead()], buried=world.buried,
        allowed={each.name: each.ends for each in played}, trapped=world.receiver.trapped,
    )  # fmt: skip


def _records(world: World) -> Iterator[RunRecord]:
    """Every run record: the only scan there is, and it is the suite's."""
    pages = world.clients.client("dynamodb").get_paginator("scan").paginate(TableName=world.runs.table)
    for page in pages:
        for item in page["Items"]:
            if "record" in item:
                packed = bytes(item["record"]["B"])
                yield world.runs.unpack(packed, item["tenant"]["S"], item["run_id"]["S"])


def _history(world: World) -> Iterator[RunRecord]:
    for written in world.ledger.written:
        tenant, _, run_id = written.pk.partition("#")
        yield world.runs.unpack(base64.b64decode(written.record), tenant, run_id)


def _clean(world: World) -> None:
    """What the janitor does four times a day, now: batches whose run never came to be."""
    Janitor(store=world.runs, artifacts=_artifacts(world), lease=_Always(), old_s=0.0).once()


class _Always:
    def take(self) -> bool:
        """See `Lease`."""
        return True


def _objects(world: World, records: list[RunRecord]) -> Iterator[str]:
    """Keys in the bucket, but for those of runs that are still to be tidied up."""
    untidy = {record.run_id for record in records if record.tidy_at is not None}
    bucket = world.stack.environment["MILLRACE_BUCKET"]
    for page in world.clients.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from (each["Key"] for each in page.get("Contents", []) if each["Key"].split("/")[1] not in untidy)


def _artifacts(world: World) -> ArtifactStore:
    cold = S3Objects(world.clients, world.stack.environment["MILLRACE_BUCKET"])
    return ArtifactStore(cold=cold, hot=MemoryObjects(), envelope=world.runs.envelope)


def _unresolved(world: World, records: list[RunRecord]) -> dict[str, str]:
    """References into the bucket that do not lead to the bytes they name, by opening each."""
    store = _artifacts(world)
    wrong: dict[str, str] = {}
    for record in records:
        for ref in _cold(record):
            try:
                store.get(record.tenant, ref)
            except StorageError as error:
                wrong[f"{record.tenant}/{ref.key}"] = type(error).__name__
    return wrong


def _cold(record: RunRecord) -> list[ArtifactRef]:
    return list({ref.key: ref for ref in references(record) if ref.tier == "cold"}.values())
