"""Erase one customer of a tenant: every run whose batch has records of theirs goes on without them."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.base import Message, now
from millrace.contracts.run import TIDY_AFTER, CallbackStatus, RunRecord, StageRecord
from millrace.storage.artifacts import ArtifactStore, batch_key
from millrace.storage.errors import Conflict, Corrupt, NotFound
from millrace.storage.ports import RunStore

TRIES = 5
"""How often a run is looked at anew when somebody else wrote its record meanwhile."""


class Erasure(Message):
    """What was erased. It does not repeat the customer's reference."""

    tenant: str
    looked_at: int = 0
    runs: int = 0
    """Runs whose batch had records of the customer."""
    records: int = 0
    objects: int = 0
    """Batches, derived artifacts and reports that were deleted from the object store."""
    changed: tuple[str, ...] = ()
    """Ids of those runs: a redrive makes their reports anew."""
    active: tuple[str, ...] = ()
    """Runs with records of the customer that have not ended, or only just, so that a part may still be at work: erase
    again a minute after they have."""
    unknown: tuple[str, ...] = ()
    """Runs whose batch is lost, so that nobody can tell whose records it had."""


@dataclass
class _Tally:
    looked_at: int = 0
    records: int = 0
    objects: int = 0
    changed: list[str] = field(default_factory=list)
    active: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Erasing:
    """Erases customers. May be repeated: what a crash left undone is done then."""

    runs: RunStore
    artifacts: ArtifactStore
    clock: Callable[[], datetime] = now

    def erase(self, tenant: str, customer_ref: str) -> Erasure:
        """Erase the customer from every run that the table still has. Conflict when a run is written again and again.

        For each run: the batch without the customer is stored, then the record names it and nothing that was derived
        from the old one, then the old objects are deleted. Whoever is interrupted after the second step leaves a
        record that is due to be tidied up; the sweep and a second erasure both do.
        """
        tally = _Tally()
        for run_id in list(self.runs.ids(tenant)):
            tally.looked_at += 1
            self._erase_from(tenant, run_id, customer_ref, tally)
        return Erasure(
            tenant=tenant, looked_at=tally.looked_at, runs=len(tally.changed), records=tally.records,
            objects=tally.objects, changed=tuple(tally.changed), active=tuple(tally.active),
            unknown=tuple(tally.unknown),
        )  # fmt: skip

    def _erase_from(self, tenant: str, run_id: str, customer_ref: str, tally: _Tally) -> None:
        for _ in range(TRIES):
            try:
                return self._try(self.runs.get(tenant, run_id), customer_ref, tally)
            except Conflict:
                continue
            except NotFound:
                # It expired since it was listed.
                return None
        raise Conflict(f"{run_id} moves on again and again; erase once more")

    def _try(self, record: RunRecord, customer_ref: str, tally: _Tally) -> None:
        try:
            lines = self.artifacts.get(record.tenant, record.batch).splitlines(keepends=True)
        except (NotFound, Corrupt):
            tally.unknown.append(record.run_id)
            return
        kept = [line for line in lines if json.loads(line).get("customer_ref") != customer_ref]
        if len(kept) == len(lines):
            tally.objects += self._tidy(record) if _erased_before(record) else 0
        elif not record.status.terminal:
            tally.active.append(record.run_id)
        else:
            at = self.clock()
            written = self.runs.replace(_without(record, self._store(record, kept), len(kept), at))
            tally.active.extend([record.run_id] if _quiet_at(record, at) > at else [])
            tally.records += len(lines) - len(kept)
            tally.changed.append(record.run_id)
            self._forget_hot(record)
            tally.objects += self._tidy(written)

    def _store(self, record: RunRecord, kept: list[bytes]) -> ArtifactRef:
        """The new batch under a key of its own: the first write of a key stays."""
        data, old = b"".join(kept), record.batch
        digest = hashlib.sha256(data).hexdigest()
        ref, _ = self.artifacts.put(
            tenant=record.tenant, key=f"{batch_key(record.run_id)}-{digest[:16]}", data=data,
            media_type=old.media_type, schema_name=old.schema_name, rows=len(kept), durable=True,
        )  # fmt: skip
        return ref

    def _forget_hot(self, record: RunRecord) -> None:
        for ref in _derived(record):
            if ref.tier == "hot":
                self.artifacts.delete(record.tenant, ref)

    def _tidy(self, record: RunRecord) -> int:
        """Delete everything of the run in the object store but its batch; returns how much that was."""
        strays = [key for key in self.artifacts.keys_of(record.tenant, record.run_id) if key != record.batch.key]
        for key in strays:
            self.artifacts.delete_key(record.tenant, key)
        return len(strays)


def _erased_before(record: RunRecord) -> bool:
    """Whether its batch was written anew and nothing has been derived from it yet."""
    rewritten = record.batch.key != batch_key(record.run_id)
    return rewritten and record.status.terminal and not any(_derived(record))


def _derived(record: RunRecord) -> Iterator[ArtifactRef]:
    steps = (*(step for stage in record.stages for step in stage.steps), *record.reusable)
    yield from (ref for step in steps for refs in step.artifacts.values() for ref in refs)


def _without(record: RunRecord, batch: ArtifactRef, records: int, at: datetime) -> RunRecord:
    """The record with the new batch and without anything that was derived from the old one; due to be tidied up.

    What happened stays. A step without the digest of its inputs stands in no redrive.
    """
    callback = record.callback
    owed = callback is not None and callback.status is CallbackStatus.PENDING
    tidy = _quiet_at(record, at)
    return record.model_copy(
        update={
            "batch": batch, "records": records, "stages": tuple(_emptied(stage) for stage in record.stages),
            "reusable": (), "report": None,
            "history": tuple(each.model_copy(update={"report": None}) for each in record.history),
            "tidy_at": tidy, "due_at": record.due_at if owed else tidy,
        }
    )  # fmt: skip


def _quiet_at(record: RunRecord, at: datetime) -> datetime:
    """From when on no part of the ended run writes any more: what is left behind until then is looked for then."""
    return max(at, record.ended_at + TIDY_AFTER) if record.ended_at else at


def _emptied(stage: StageRecord) -> StageRecord:
    steps = (step.model_copy(update={"artifacts": {}, "input_hash": ""}) for step in stage.steps)
    return stage.model_copy(update={"steps": tuple(steps)})
