"""A run over a file that was uploaded before: what its request asks for, and its batch."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from millrace.ingestion.body import LIGHT_BYTES, Metadata, Options, ReadBody, ShortText, Url
from millrace.ingestion.domain.errors import BadFile, IngestionError
from millrace.ingestion.domain.faults import option_faults
from millrace.ingestion.errors import BadRequest, InProgress, UploadClaimed
from millrace.ingestion.idempotency import Once
from millrace.ingestion.uploads import UploadDesk
from millrace.storage.errors import Conflict, NotFound, StorageError
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)


class UploadDocument(BaseModel):
    """A JSON body that names an upload."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)

    upload_id: str = Field(max_length=64)
    flow: ShortText = ""
    callback_url: Url | None = None
    metadata: Metadata = {}
    mapping: Metadata = {}
    scale: ShortText = ""
    deadline_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An upload of which a run is to be made."""

    upload_id: str
    options: Options


def wanted(data: bytes, options: Options, upload_id: str) -> Wanted | None:
    """What a request says of an upload, in its query or its body; None where it says nothing of one.

    BadRequest when it has both an upload and records, BadFile when an option is misspelt.
    """
    if upload_id:
        if data:
            raise BadRequest("a request that names an upload in its query has no body")
        return Wanted(upload_id=upload_id, options=options)
    if len(data) > LIGHT_BYTES or b'"upload_id"' not in data:
        return None
    try:
        document = from_json(data)
    except ValueError:
        return None
    if not isinstance(document, dict) or "upload_id" not in document:
        return None
    try:
        given = UploadDocument.model_validate(document)
    except ValidationError as error:
        raise BadFile("invalid_options", "the run's options do not fit", option_faults(error)[:20]) from None
    told = given.model_dump(exclude={"upload_id"}, exclude_unset=True)
    return Wanted(upload_id=given.upload_id, options=replace(options, **told))


async def read(desk: UploadDesk, tenant: str, asked: Wanted) -> ReadBody:
    """The batch in the upload; NotFound, UploadOpen, BadFile, or Unavailable when the store does not answer."""
    record, address = await run_in_threadpool(desk.found, tenant, asked.upload_id)
    told = replace(asked.options, media_type=record.media_type.lower(), filename=record.filename)
    return await desk.reader.read(tenant, address, record.size, told)


@asynccontextmanager
async def claimed(desk: UploadDesk, tenant: str, asked: Wanted, once: Once) -> AsyncIterator[None]:
    """Makes the upload this request's alone, and its repeats'; NotFound or UploadClaimed.

    Others may have it again when the run is refused. Where nobody knows whether there is one, they may not.
    """
    place = tenant, asked.upload_id, f"{once.fingerprint} {once.key}"
    try:
        await run_in_threadpool(desk.uploads.claim, *place)
    except Conflict as error:
        raise UploadClaimed from error
    try:
        yield
    except InProgress:
        raise
    except IngestionError:
        try:
            await run_in_threadpool(desk.uploads.unclaim, *place)
        except StorageError as error:
            log.warning("upload_kept", extra={"action": "upload_kept", "error": type(error).__name__})
        raise


async def used(desk: UploadDesk, tenant: str, asked: Wanted) -> None:
    """Drop the raw file: its records are sealed and their run is accepted. If that fails, it is dropped in a day."""
    try:
        await run_in_threadpool(desk.abort, tenant, asked.upload_id)
    except NotFound:
        # A repeat: it was dropped after the first.
        return
    except StorageError as error:
        log.warning("upload_left", extra={"action": "upload_left", "error": type(error).__name__})
