"""The append-only ledger: what was attempted, what the consumer saw, what came to be in the object store."""

import json
import threading
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A batch that a producer sent, until it was acknowledged or given up."""

    key: str
    """The producer's idempotency key, and its mark in the run's metadata."""
    scenario: str
    tenant: str
    run_id: str | None
    """None when it was never acknowledged."""
    refused: int | None = None
    """The status with which it was refused for good."""
    called_back: bool = True
    """Whether a callback was asked for."""


@dataclass(frozen=True, kw_only=True)
class Called:
    """A callback that reached the consumer, whatever it was answered."""

    at: float
    path: str
    event_id: str
    run_id: str
    tenant: str
    attempt: int
    digest: str
    """SHA-256 of the payload."""
    verified: bool
    arrival: int
    """1 for the first time that this event came."""


@dataclass(frozen=True, kw_only=True)
class Object:
    """A change of the object store: a key that came to be, or was deleted."""

    at: float
    key: str
    created: bool


@dataclass(frozen=True, kw_only=True)
class Written:
    """A run record as it was written."""

    at: float
    pk: str
    record: str
    """Base64 of the packed record, as the store holds it."""


Entry = Attempt | Called | Object | Written


class Ledger:
    """Entries in the order of their arrival, in memory and in a file that is only ever appended to."""

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, threading.Lock()
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Keep the entry; any thread may."""
        with self._lock, self._file.open("a") as file:
            self.entries.append(entry)
            file.write(json.dumps({"kind": type(entry).__name__.lower(), **asdict(entry)}) + "\n")

    @property
    def attempts(self) -> list[Attempt]:
        """What was attempted."""
        return [entry for entry in list(self.entries) if isinstance(entry, Attempt)]

    @property
    def called(self) -> list[Called]:
        """What the consumer saw."""
        return [entry for entry in list(self.entries) if isinstance(entry, Called)]

    @property
    def objects(self) -> list[Object]:
        """What happened in the object store."""
        return [entry for entry in list(self.entries) if isinstance(entry, Object)]

    @property
    def written(self) -> list[Written]:
        """What happened to the run records."""
        return [entry for entry in list(self.entries) if isinstance(entry, Written)]
