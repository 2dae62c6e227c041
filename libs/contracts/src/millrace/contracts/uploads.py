"""Large files: what the API takes and answers about uploads."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from millrace.contracts.base import Message, Timestamp


class UploadStatus(StrEnum):
    """Where an upload is. One that was used, aborted or left lying is no longer there."""

    OPEN = "open"
    COMPLETE = "complete"
    """All of it has arrived; a run may be made of it."""


class UploadRequest(BaseModel):
    """The JSON body of `POST /v1/uploads`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=1)
    """Bytes of the file."""
    media_type: str = Field(min_length=1, max_length=255)
    filename: str = Field(default="", max_length=255)
    """Tells the format where neither content nor media type do; kept encrypted."""


class UploadedPart(Message):
    """A part that has arrived."""

    part: int
    """1 for the first."""
    size: int
    etag: str


class UploadTarget(Message):
    """Where a part is to be sent with PUT, with exactly so many bytes and no API key."""

    part: int
    size: int
    url: str = Field(repr=False)
    """Signed: whoever has it may send this part until `urls_expire_at`."""


class UploadView(Message):
    """An upload as its producer sees it."""

    upload_id: str
    status: UploadStatus
    size: int
    media_type: str
    filename: str = ""
    part_size: int
    """Bytes of every part but the last."""
    parts: int
    created_at: Timestamp
    expires_at: Timestamp
    """When it is dropped if no run was made of it."""
    arrived: tuple[UploadedPart, ...] = ()
    missing: tuple[UploadTarget, ...] = ()
    """The parts that are still to be sent; ask again for addresses that are good for longer."""
    urls_expire_at: Timestamp | None = None
    links: dict[str, str] = {}
    """`self` and `complete`, relative to the API's root."""


class PartTag(BaseModel):
    """What the store answered to a part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: int = Field(ge=1)
    etag: str = Field(min_length=1, max_length=128)


class CompleteRequest(BaseModel):
    """The JSON body of `POST /v1/uploads/{id}/complete`; none is as good as an empty one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parts: tuple[PartTag, ...] = Field(default=(), max_length=10_000)
    """The answers to the parts that were sent: each that is given is compared with what the store has."""
