"""The artifact store: small bytes in the hot tier, large and durable ones in the object store, all encrypted."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from millrace.contracts.artifacts import INLINE_LIMIT, ArtifactRef
from millrace.contracts.messages import PartMessage
from millrace.storage.errors import Corrupt
from millrace.storage.ports import ColdStore, Envelope, HotStore, ObjectStore
from millrace.storage.spans import store_span

_STORES = {"hot": "redis", "cold": "s3"}
"""What spans call the tiers."""


def batch_key(run_id: str) -> str:
    """Key of a run's raw batch within its tenant."""
    return f"{run_id}/batch"


def part_key(message: PartMessage, input_hash: str, name: str) -> str:
    """Key of what a part writes: the same inputs give the same key, so running a part again is harmless."""
    place = f"{message.stage}/{message.step}/{message.part:05d}"
    return f"{message.run_id}/{place}/{input_hash[:16]}/{name}"


@dataclass(frozen=True, kw_only=True)
class ArtifactStore:
    """Bytes by reference. Every key begins with the tenant; another tenant's reference finds nothing."""

    cold: ColdStore
    hot: HotStore
    envelope: Envelope
    inline_limit: int = INLINE_LIMIT

    def put(
        self, *, tenant: str, key: str, data: bytes, media_type: str, schema_name: str, rows: int | None = None,
        durable: bool = False,
    ) -> tuple[ArtifactRef, bool]:  # fmt: skip
        """Store bytes once; returns their reference and whether this call wrote them.

        The first write stays. A second writer gets a reference to what is there, so that two executions of one
        part agree even if their bytes differ. Raises Unavailable when the store does not answer.
        """
        tier: Literal["hot", "cold"] = "cold" if durable or len(data) > self.inline_limit else "hot"
        ref = ArtifactRef(
            tier=tier, key=key, sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type=media_type,
            schema_name=schema_name, rows=rows,
        )  # fmt: skip
        with store_span("put artifact", _STORES[tier]):
            sealed = self.envelope.encrypt(data, _context(tenant, ref))
            created = self._store(ref).put(f"{tenant}/{key}", sealed)
            return (ref, True) if created else (self._what_is_there(tenant, ref), False)

    def get(self, tenant: str, ref: ArtifactRef) -> bytes:
        """The plain bytes; NotFound when they are lost or another tenant's, Corrupt when altered."""
        with store_span("get artifact", _STORES[ref.tier]):
            data = self._open(tenant, ref)
            if hashlib.sha256(data).hexdigest() != ref.sha256:
                raise Corrupt(f"{ref.key} does not have the digest that its reference names")
            return data

    def delete(self, tenant: str, ref: ArtifactRef) -> None:
        """Forget the bytes."""
        with store_span("delete artifact", _STORES[ref.tier]):
            self._store(ref).delete(f"{tenant}/{ref.key}")

    def lost(self, tenant: str, run_id: str, refs: Sequence[ArtifactRef]) -> set[str]:
        """Keys of those of a run's artifacts that are no longer there. One listing, and one look at each hot one."""
        cold = set(self.keys_of(tenant, run_id))
        there = (ref.key in cold if ref.tier == "cold" else self.hot.exists(f"{tenant}/{ref.key}") for ref in refs)
        return {ref.key for ref, found in zip(refs, there, strict=True) if not found}

    def keys_of(self, tenant: str, run_id: str) -> Iterator[str]:
        """Keys of everything of a run that is in the object store."""
        return (key.removeprefix(f"{tenant}/") for key in self.cold.keys(f"{tenant}/{run_id}/"))

    def by_run(self) -> Iterator[tuple[str, str, list[str]]]:
        """Everything in the object store by run: tenant, run id and keys within the tenant. One pass over all of it."""
        for place, found in groupby(self.cold.keys(""), key=lambda key: tuple(key.split("/", 2)[:2])):
            if len(place) == 2:
                yield place[0], place[1], [key.removeprefix(f"{place[0]}/") for key in found]

    def delete_key(self, tenant: str, key: str) -> None:
        """Forget what the object store has under this key."""
        self.cold.delete(f"{tenant}/{key}")

    def _open(self, tenant: str, ref: ArtifactRef) -> bytes:
        return self.envelope.decrypt(self._store(ref).get(f"{tenant}/{ref.key}"), _context(tenant, ref))

    def _store(self, ref: ArtifactRef) -> ObjectStore:
        return self.hot if ref.tier == "hot" else self.cold

    def _what_is_there(self, tenant: str, ref: ArtifactRef) -> ArtifactRef:
        data = self._open(tenant, ref)
        return ref.model_copy(update={"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)})


def _context(tenant: str, ref: ArtifactRef) -> dict[str, str]:
    """Whose bytes, of which run, and what they are: every key begins with its run."""
    run = ref.key.partition("/")[0]
    return {"tenant": tenant, "run": run, "purpose": "artifact", "schema": ref.schema_name}
