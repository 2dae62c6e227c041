"""What the stores promise. Every implementation, in memory or real, passes the same tests."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from millrace.contracts.flow import Flow
from millrace.contracts.run import RunRecord


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of run records, newest first."""

    records: tuple[RunRecord, ...]
    cursor: str | None
    """Opaque; None when there is no further page."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """A run that the sweep should look at."""

    tenant: str
    run_id: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class Idempotency:
    """What makes a repeated request known again."""

    key: str
    """The producer's `Idempotency-Key`."""
    fingerprint: str
    """Digest of the request, so that another request under the same key is told apart."""
    answer: str
    """What the first request is answered, to be repeated."""


IDEMPOTENCY_S = 24 * 3600
"""Seconds for which a key is remembered."""


class RunStore(Protocol):
    """Run records. Reads are consistent; writes are conditional."""

    def create(self, record: RunRecord, once: Idempotency | None = None) -> None:
        """Store a new run, and with it its idempotency key or neither. Conflict when the id is taken, Repeated when
        the tenant used the key before.
        """

    def known(self, tenant: str, key: str) -> Idempotency | None:
        """What the tenant's run that was created with this idempotency key was answered; None for an unused key."""

    def get(self, tenant: str, run_id: str) -> RunRecord:
        """The run; NotFound when this tenant has none of that id."""

    def replace(self, record: RunRecord) -> RunRecord:
        """Store the record if nobody wrote since it was read; returns it with its new revision, else Conflict."""

    def page(self, tenant: str, limit: int, cursor: str | None = None) -> Page:
        """The tenant's runs, newest first. One that vanishes meanwhile is left out."""

    def ids(self, tenant: str) -> Iterator[str]:
        """Ids of the tenant's runs, the newest first. None of their records is read."""

    def delete(self, tenant: str, run_id: str) -> None:
        """Forget the run; nothing happens when there is none."""

    def due(self, before: datetime, limit: int) -> Sequence[Due]:
        """Runs whose `due_at` has passed, oldest first within a shard. An index query, never a scan."""


class FlowStore(Protocol):
    """The flows that may be asked for."""

    def publish(self, flows: Sequence[Flow]) -> None:
        """Make these flows known; a newer version that is there already stays."""

    def all(self) -> tuple[Flow, ...]:
        """Every flow, by name."""


class ObjectStore(Protocol):
    """Bytes under keys."""

    def put(self, key: str, data: bytes) -> bool:
        """Store the bytes if the key is free; False when it was taken (the first write stays)."""

    def get(self, key: str) -> bytes:
        """The bytes; NotFound when there are none."""

    def delete(self, key: str) -> None:
        """Forget the key; nothing happens when it is not there."""


class ColdStore(ObjectStore, Protocol):
    """The object store: bytes that stay, and can be listed."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key that begins like this, in order."""


class HotStore(ObjectStore, Protocol):
    """Small bytes under keys, for minutes; may be lost at any time."""

    def exists(self, key: str) -> bool:
        """Whether there is something under the key."""


class Envelope(Protocol):
    """Envelope encryption under keys of the tenant, themselves sealed by the master key.

    The context names the tenant and the purpose and, where there are any, the run and the schema. Shredded when the
    tenant's keys are gone for good, Unavailable when they could not be read.
    """

    def encrypt(self, data: bytes, context: Mapping[str, str]) -> bytes:
        """The sealed bytes, bound to the context. A tenant without keys gets its first."""

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """The plain bytes; Corrupt when the bytes were altered or belong to another context."""
