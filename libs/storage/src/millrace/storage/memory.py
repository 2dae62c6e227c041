"""In-memory twins of every store. They pass the same tests as the real ones; `ports` says what each method does."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from millrace.contracts.flow import Flow
from millrace.contracts.run import RunRecord
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.errors import Conflict, Corrupt, NotFound, Repeated
from millrace.storage.ports import Due, Idempotency, Page


@dataclass
class MemoryRuns:
    """Run records in a dict."""

    records: dict[tuple[str, str], RunRecord] = field(default_factory=dict)

    keys: dict[tuple[str, str], Idempotency] = field(default_factory=dict)

    def create(self, record: RunRecord, once: Idempotency | None = None) -> None:
        """See `ports`."""
        key = record.tenant, record.run_id
        if once is not None:
            known = self.keys.setdefault((record.tenant, once.key), once)
            if known is not once:
                raise Repeated(known.fingerprint, known.answer)
        if key in self.records:
            raise Conflict(f"{record.run_id} exists")
        self.records[key] = record

    def known(self, tenant: str, key: str) -> Idempotency | None:
        """See `ports`."""
        return self.keys.get((tenant, key))

    def get(self, tenant: str, run_id: str) -> RunRecord:
        """See `ports`."""
        try:
            return self.records[tenant, run_id]
        except KeyError:
            raise NotFound(f"no run {run_id}") from None

    def replace(self, record: RunRecord) -> RunRecord:
        """See `ports`."""
        if self.get(record.tenant, record.run_id).revision != record.revision:
            raise Conflict(f"{record.run_id} has moved on")
        written = record.model_copy(update={"revision": record.revision + 1})
        self.records[record.tenant, record.run_id] = written
        return written

    def page(self, tenant: str, limit: int, cursor: str | None = None) -> Page:
        """See `ports`."""
        rest = [run for run in self.ids(tenant) if cursor is None or run < cursor]
        chosen = rest[:limit]
        more = chosen[-1] if len(rest) > limit else None
        return Page(records=tuple(self.records[tenant, run] for run in chosen), cursor=more)

    def ids(self, tenant: str) -> Iterator[str]:
        """See `ports`."""
        return iter(sorted((run for owner, run in self.records if owner == tenant), reverse=True))

    def delete(self, tenant: str, run_id: str) -> None:
        """See `ports`."""
        self.records.pop((tenant, run_id), None)

    def due(self, before: datetime, limit: int) -> Sequence[Due]:
        """See `ports`."""
        due = [
            Due(tenant=record.tenant, run_id=record.run_id, due_at=record.due_at)
            for record in self.records.values()
            if record.due_at is not None and record.due_at <= before
        ]
        return sorted(due, key=lambda each: each.due_at)[:limit]


@dataclass
class MemoryFlows:
    """Flows in a dict."""

    flows: dict[str, Flow] = field(default_factory=dict)

    def publish(self, flows: Sequence[Flow]) -> None:
        """See `ports`."""
        for flow in flows:
            known = self.flows.get(flow.name)
            if known is None or known.version <= flow.version:
                self.flows[flow.name] = flow

    def all(self) -> tuple[Flow, ...]:
        """See `ports`."""
        return tuple(flow for _, flow in sorted(self.flows.items()))


@dataclass
class MemoryObjects:
    """Bytes in a dict: the twin of both the object store and the hot tier."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, data: bytes) -> bool:
        """See `ports`."""
        if key in self.objects:
            return False
        self.objects[key] = data
        return True

    def get(self, key: str) -> bytes:
        """See `ports`."""
        try:
            return self.objects[key]
        except KeyError:
            raise NotFound(f"nothing under {key}") from None

    def delete(self, key: str) -> None:
        """See `ports`."""
        self.objects.pop(key, None)

    def exists(self, key: str) -> bool:
        """See `ports`."""
        return key in self.objects

    def keys(self, prefix: str) -> Iterator[str]:
        """See `ports`."""
        return iter(sorted(key for key in self.objects if key.startswith(prefix)))


@dataclass
class MemoryEnvelope:
    """AES-256-GCM (NIST SP 800-38D) under a key that lives as long as this object; the context is authenticated."""

    key: bytes = field(default_factory=lambda: AESGCM.generate_key(256), repr=False)

    def encrypt(self, data: bytes, context: Mapping[str, str]) -> bytes:
        """See `ports`."""
        nonce = os.urandom(12)
        return nonce + AESGCM(self.key).encrypt(nonce, data, _associated(context))

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """See `ports`."""
        try:
            return AESGCM(self.key).decrypt(sealed[:12], sealed[12:], _associated(context))
        except (InvalidTag, ValueError) as error:
            raise Corrupt("the sealed bytes or their context were altered") from error


def _associated(context: Mapping[str, str]) -> bytes:
    return "\n".join(f"{key}={value}" for key, value in sorted(context.items())).encode()


def memory_artifacts() -> ArtifactStore:
    """An artifact store that lives in this process."""
    return ArtifactStore(cold=MemoryObjects(), hot=MemoryObjects(), envelope=MemoryEnvelope())
