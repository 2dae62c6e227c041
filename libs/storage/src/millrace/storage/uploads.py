"""Uploads of a tenant: files that wait in the bucket, in parts or whole, until a run is made of them.

The bucket encrypts them by itself; what is said about them here is sealed like everything else. Their keys begin with
`_uploads/`, which no tenant's name can be, so that a lifecycle rule of the bucket finds them.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from millrace.contracts.base import Message, Timestamp, now
from millrace.contracts.ids import TenantId, accepted_ms, ulid
from millrace.contracts.uploads import UploadedPart, UploadRequest, UploadStatus
from millrace.storage.accounts import owner_of
from millrace.storage.errors import Conflict, Incomplete, LimitReached, NotFound
from millrace.storage.items import Item, Items
from millrace.storage.multipart import Multipart
from millrace.storage.ports import Envelope

PREFIX: Final = "_uploads/"
UPLOAD_ID: Final = re.compile(r"upl_[0-9A-HJKMNP-TV-Z]{26}\Z")
KEPT: Final = timedelta(days=1)
"""How long an upload waits for its run; the bucket's lifecycle rule has whole days only."""
PART_SIZE: Final = 8 << 20
"""Bytes of a part: 128 of them are a gibibyte. S3 takes 5 MiB and more, and 10,000 parts."""
NAME: Final = "upload#"


class UploadRecord(Message):
    """An upload as it is kept."""

    upload_id: str
    tenant: TenantId
    storage_id: str
    """The store's own id of the parts."""
    size: int
    media_type: str
    filename: str = ""
    part_size: int
    status: UploadStatus = UploadStatus.OPEN
    claimed_by: str = ""
    """The request that makes a run of it; empty while none does."""
    created_at: Timestamp
    expires_at: Timestamp

    @property
    def key(self) -> str:
        """Where its bytes are in the bucket."""
        return f"{PREFIX}{self.tenant}/{self.upload_id}"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Bytes of every part: all alike but the last."""
        count = math.ceil(self.size / self.part_size)
        return (*(self.part_size,) * (count - 1), self.size - self.part_size * (count - 1))


@dataclass(frozen=True, kw_only=True)
class Uploads:
    """The uploads of every tenant. An upload that has expired is as good as gone, whoever clears it away."""

    items: Items
    envelope: Envelope
    store: Multipart
    part_size: int = PART_SIZE
    clock: Callable[[], datetime] = now

    def open(self, tenant: str, wanted: UploadRequest, most: int) -> UploadRecord:
        """A new upload; LimitReached when the tenant has so many of which no run was made yet.

        Two that are opened at the very same moment may both be the last.
        """
        if self._unused(tenant) >= most:
            raise LimitReached(f"{most} uploads wait for their runs; use or abort one first")
        at, upload_id = self.clock(), f"upl_{ulid()}"
        record = UploadRecord(
            upload_id=upload_id, tenant=tenant, storage_id=self.store.begin(f"{PREFIX}{tenant}/{upload_id}"),
            size=wanted.size, media_type=wanted.media_type, filename=wanted.filename, part_size=self.part_size,
            created_at=at, expires_at=at + KEPT,
        )  # fmt: skip
        self.items.put(self._item(record, 0))
        return record

    def get(self, tenant: str, upload_id: str) -> UploadRecord:
        """The upload; NotFound when the tenant has none of this id, or no longer."""
        return self._read(tenant, upload_id)[0]

    def arrived(self, record: UploadRecord) -> tuple[UploadedPart, ...]:
        """The parts that have arrived; of an upload that is complete, none are listed any more."""
        if record.status is UploadStatus.COMPLETE:
            return ()
        try:
            return self.store.parts(record.key, record.storage_id)
        except NotFound:
            # Completed by a process that was killed before it could say so.
            return ()

    def complete(self, tenant: str, upload_id: str, tags: dict[int, str]) -> UploadRecord:
        """Make one file of the parts, once; a repeat is nothing. NotFound or Incomplete.

        `tags`: what the store answered to the parts, as far as the producer tells; each must be what the store has.
        """
        record, revision = self._read(tenant, upload_id)
        if record.status is UploadStatus.COMPLETE:
            return record
        try:
            arrived = self.store.parts(record.key, record.storage_id)
            if faults := tuple(_faults(record, arrived, tags)):
                raise Incomplete(faults)
            self.store.complete(record.key, record.storage_id, arrived)
        except NotFound:
            # The answer was lost, or another request was faster: the object then is there, or the upload is gone.
            if self.store.size(record.key) != record.size:
                raise
        done = record.model_copy(update={"status": UploadStatus.COMPLETE})
        try:
            self.items.put(self._item(done, revision))
        except Conflict:
            # Another request completed it at the same time.
            found = self.get(tenant, upload_id)
            if found.status is not UploadStatus.COMPLETE:
                raise
            return found
        return done

    def claim(self, tenant: str, upload_id: str, by: str) -> None:
        """Keep the upload for the request of this name; NotFound, or Conflict while another one has it.

        A repeat is nothing. Only one of any number of requests that claim it at the same time gets it.
        """
        record, revision = self._read(tenant, upload_id)
        if not record.claimed_by:
            try:
                self.items.put(self._item(record.model_copy(update={"claimed_by": by}), revision))
                return
            except Conflict:
                record = self.get(tenant, upload_id)
        if record.claimed_by != by:
            raise Conflict("another request makes a run of the upload")

    def unclaim(self, tenant: str, upload_id: str, by: str) -> None:
        """Let others have what this request claimed; NotFound, or Conflict when somebody wrote at the same time."""
        record, revision = self._read(tenant, upload_id)
        if record.claimed_by == by:
            self.items.put(self._item(record.model_copy(update={"claimed_by": ""}), revision))

    def read_address(self, record: UploadRecord, seconds: int) -> str:
        """Where the whole file can be read for so many seconds."""
        return self.store.read_address(record.key, seconds)

    def forget(self, record: UploadRecord) -> None:
        """Drop the upload: it was used or aborted. What has arrived goes first, so that nothing is left unowned."""
        self.store.abort(record.key, record.storage_id)
        self.store.delete(record.key)
        self.items.delete(owner_of(record.tenant), f"{NAME}{record.upload_id}")

    def clear(self) -> int:
        """Drop the bytes of every upload that has expired, where the bucket has no lifecycle rule; returns how many."""
        before = (self.clock() - KEPT).timestamp() * 1000
        parts = [(key, storage_id) for key, storage_id in self.store.begun(PREFIX) if _is_old(key, before)]
        whole = [key for key in self.store.objects(PREFIX) if _is_old(key, before)]
        for key, storage_id in parts:
            self.store.abort(key, storage_id)
        for key in whole:
            self.store.delete(key)
        return len(parts) + len(whole)

    def _unused(self, tenant: str) -> int:
        page = self.items.page(owner_of(tenant), NAME, limit=1_000)
        return sum(item.expires_at is None or item.expires_at > self.clock() for item in page.items)

    def _read(self, tenant: str, upload_id: str) -> tuple[UploadRecord, int]:
        if not UPLOAD_ID.match(upload_id):
            raise NotFound("no such upload")
        item = self.items.get(owner_of(tenant), f"{NAME}{upload_id}")
        record = UploadRecord.model_validate_json(self.envelope.decrypt(item.body, _context(tenant, upload_id)))
        if record.expires_at <= self.clock():
            raise NotFound("no such upload")
        return record, item.revision

    def _item(self, record: UploadRecord, revision: int) -> Item:
        sealed = self.envelope.encrypt(record.model_dump_json().encode(), _context(record.tenant, record.upload_id))
        made = Item(owner=owner_of(record.tenant), name=f"{NAME}{record.upload_id}", body=sealed)
        return replace(made, revision=revision, expires_at=record.expires_at)


def _context(tenant: str, upload_id: str) -> dict[str, str]:
    return {"tenant": tenant, "purpose": "upload", "upload": upload_id}


def _faults(record: UploadRecord, arrived: Iterable[UploadedPart], tags: dict[int, str]) -> Iterable[tuple[int, str]]:
    """What keeps the parts from being the declared file."""
    found = {part.part: part for part in arrived}
    for number, size in enumerate(record.sizes, start=1):
        part = found.pop(number, None)
        if part is None:
            yield number, "has not arrived"
        elif part.size != size:
            yield number, f"has {part.size} bytes in place of {size}"
        elif number in tags and tags[number].strip('"') != part.etag.strip('"'):
            yield number, "has another ETag"
    yield from (
        (number, "is one too many") for number in sorted({*found, *(tags.keys() - range(len(record.sizes) + 1))})
    )


def _is_old(key: str, before: float) -> bool:
    upload_id = key.rpartition("/")[2]
    return UPLOAD_ID.match(upload_id) is not None and accepted_ms(upload_id.replace("upl_", "run_")) < before
