"""Large files: how they are offered a place, and how a batch is made of one."""

import io
import math
from dataclasses import dataclass, replace
from datetime import timedelta
from tempfile import TemporaryFile
from typing import BinaryIO, Final, Protocol

from millrace.contracts.api import SetAside
from millrace.contracts.uploads import UploadRequest, UploadStatus, UploadTarget, UploadView
from millrace.ingestion.body import Options, ReadBody, read_body, to_ndjson
from millrace.ingestion.children import Children, Limits
from millrace.ingestion.domain.compressed import inner_name, is_gzip
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.large import HEAD, bytes_needed, parse_large, recognise_large, unpack
from millrace.ingestion.domain.parsed import MAX_EXPANDED, MAX_LISTED
from millrace.ingestion.domain.parsed import Options as ParseOptions
from millrace.ingestion.errors import ChildBroken, TooLarge, TooManyUploads, UploadOpen
from millrace.ingestion.fetching import fetch
from millrace.storage.errors import Incomplete, LimitReached
from millrace.storage.uploads import UploadRecord, Uploads

ADDRESS_S: Final = 3600
"""Seconds for which a part may be sent to its address; it can be had anew."""
READ_S: Final = 55.0
"""Seconds in which an upload is fetched and parsed: load balancers give a request 60."""
PATIENCE_S: Final = 5.0
LIMITS: Final = Limits(data_bytes=768 << 20, cpu_s=40)


class UploadReader(Protocol):
    """Reads uploads."""

    async def read(self, tenant: str, address: str, size: int, options: Options) -> ReadBody:
        """The batch in a tenant's file at this address.

        BadFile when it is none, Unavailable when it cannot be read, RateLimited when it is not the tenant's turn.
        """


@dataclass
class UploadPool:
    """Reads a tenant's uploads one at a time, in children apart from those for bodies: it takes seconds."""

    most: int
    """Bytes that a packed file may become on disk."""
    processes: int = 2
    limits: Limits = LIMITS

    def __post_init__(self) -> None:
        self._children = Children(
            processes=self.processes, timeout_s=READ_S, patience_s=PATIENCE_S, limits=self.limits
        )  # fmt: skip

    def stop(self) -> None:
        """End the children."""
        self._children.stop()

    async def read(self, tenant: str, address: str, size: int, options: Options) -> ReadBody:
        """See `UploadReader`."""
        try:
            return await self._children.call_for(tenant, read_upload, address, size, options, self.most)
        except (ChildBroken, MemoryError) as error:
            raise BadFile("unreadable", "the file could not be parsed within its limits") from error


@dataclass(frozen=True, kw_only=True)
class UploadDesk:
    """What the routes do with uploads."""

    uploads: Uploads
    reader: UploadReader
    max_bytes: int = 1 << 30

    def open(self, tenant: str, wanted: UploadRequest, most: int) -> UploadView:
        """Offer a place for a file; TooLarge or TooManyUploads."""
        if wanted.size > self.max_bytes:
            raise TooLarge(f"a file may have {self.max_bytes} bytes")
        try:
            return self.view(self.uploads.open(tenant, wanted, most))
        except LimitReached as error:
            raise TooManyUploads(str(error)) from error

    def show(self, tenant: str, upload_id: str) -> UploadView:
        """How far the upload is, with addresses for what is missing; NotFound."""
        return self.view(self.uploads.get(tenant, upload_id))

    def complete(self, tenant: str, upload_id: str, tags: dict[int, str]) -> UploadView:
        """Make one file of the parts; NotFound, or BadFile `upload_incomplete`."""
        try:
            return self.view(self.uploads.complete(tenant, upload_id, tags))
        except Incomplete as error:
            faults = tuple(SetAside(row=part, field="part", reason=reason) for part, reason in error.faults)
            detail = f"{len(faults)} parts have not arrived as they were declared; `errors` names them by number"
            raise BadFile("upload_incomplete", detail, faults[:MAX_LISTED]) from error

    def abort(self, tenant: str, upload_id: str) -> None:
        """Forget the upload; NotFound."""
        self.uploads.forget(self.uploads.get(tenant, upload_id))

    def found(self, tenant: str, upload_id: str) -> tuple[UploadRecord, str]:
        """A file that is complete, and where it can be read; NotFound or UploadOpen."""
        record = self.uploads.get(tenant, upload_id)
        if record.status is not UploadStatus.COMPLETE:
            raise UploadOpen("parts of the upload are missing; complete it first")
        return record, self.uploads.read_address(record, math.ceil(READ_S))

    def view(self, record: UploadRecord) -> UploadView:
        """The upload as its producer may see it."""
        arrived = self.uploads.arrived(record)
        there = {part.part for part in arrived}
        missing = [] if record.status is UploadStatus.COMPLETE else enumerate(record.sizes, start=1)
        place, store = f"/v1/uploads/{record.upload_id}", self.uploads.store
        targets = tuple(
            UploadTarget(
                part=number, size=size,
                url=store.part_address(record.key, record.storage_id, number, size, ADDRESS_S),
            )
            for number, size in missing if number not in there
        )  # fmt: skip
        return UploadView(
            upload_id=record.upload_id, status=record.status, size=record.size, media_type=record.media_type,
            filename=record.filename, part_size=record.part_size, parts=len(record.sizes),
            created_at=record.created_at, expires_at=record.expires_at, arrived=arrived, missing=targets,
            urls_expire_at=self.uploads.clock() + timedelta(seconds=ADDRESS_S) if targets else None,
            links={"self": place, "complete": f"{place}/complete"},
        )  # fmt: skip


def read_upload(address: str, size: int, options: Options, most: int) -> ReadBody:
    """The batch in an upload, by way of a file that goes with this call. Runs in the child."""

    def needed(head: bytes) -> int:
        if size <= MAX_EXPANDED or is_gzip(head):
            return size
        return bytes_needed(recognise_large(head, options.media_type, options.filename)[0], size)

    with TemporaryFile() as file:
        fetch(address, file, needed)
        return read_file(file, options, most)


def read_file(file: BinaryIO, options: Options, most: int, in_memory: int = MAX_EXPANDED) -> ReadBody:
    """The batch in a file on disk. One of so many bytes `in_memory` is read like a request's body."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if is_gzip(file.read(2)):
        return _read_packed(file, options, most, in_memory)
    file.seek(0)
    if size <= in_memory:
        return read_body(file.read(), options)
    format, charset = recognise_large(file.read(HEAD), options.media_type, options.filename)
    wanted = ParseOptions(mapping=options.mapping, scale=options.scale)
    parsed = parse_large(file, format, charset, wanted)
    ndjson = to_ndjson(parsed.records)
    if len(ndjson) > MAX_EXPANDED:
        raise BadFile("file_too_large", f"a batch may have {MAX_EXPANDED >> 20} MiB of text; divide the file")
    return ReadBody(
        options=options, ndjson=ndjson, records=len(parsed.records), mapping=parsed.mapping,
        set_aside=parsed.set_aside, set_aside_total=parsed.set_aside_total,
    )  # fmt: skip


def _read_packed(file: BinaryIO, options: Options, most: int, in_memory: int) -> ReadBody:
    name = inner_name(options.filename)
    inner = replace(options, filename=name)
    file.seek(0)
    with TemporaryFile() as out:

        def limit() -> int:
            place = out.seek(0, io.SEEK_END)
            format, _ = recognise_large(_head(out), options.media_type, name)
            out.seek(place)
            return bytes_needed(format, most)

        unpack(file, out, in_memory, limit)
        if is_gzip(_head(out)):
            raise BadFile("unsupported_format", "a gzip file within a gzip file is not opened")
        if out.seek(0, io.SEEK_END) > most:
            raise BadFile("expands_too_far", f"unpacked, a file may have {most >> 20} MiB")
        return read_file(out, inner, most, in_memory)


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(HEAD)
