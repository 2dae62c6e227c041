"""Artifact references: how a message points at bytes."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from millrace.contracts.base import Message

INLINE_LIMIT = 32 * 1024
"""Bytes up to which an artifact lives in the hot tier only (architecture, invariant 7)."""

JSON = "application/json"
NDJSON = "application/x-ndjson"
PARQUET = "application/vnd.apache.parquet"
HTML = "text/html"


class ArtifactRef(Message):
    """Where bytes are, and how to know that they are the right ones."""

    tier: Literal["hot", "cold"]
    """`hot`: Redis, may be lost and is then recomputed. `cold`: the object store."""
    key: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Digest of the plain bytes, before encryption."""
    size: int = Field(ge=0)
    """Length of the plain bytes."""
    media_type: str
    schema_name: str
    """What the bytes hold, with its version: `units/1`."""
    rows: int | None = Field(default=None, ge=0)
    """Row count of a dataset; None where the artifact is no table."""


def _unwrap(value: Any) -> Any:
    """The planner hands every input over as a list; a field that takes one artifact takes its only entry."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != 1:
            raise ValueError(f"takes one artifact, got {len(value)}")
        return value[0]
    return value


def _unwrap_optional(value: Any) -> Any:
    return None if value is None or value in ((), []) else _unwrap(value)


One = Annotated[ArtifactRef, BeforeValidator(_unwrap)]
"""An input that is exactly one artifact."""

Maybe = Annotated[ArtifactRef | None, BeforeValidator(_unwrap_optional)]
"""An input that an optional step may not have delivered."""

Many = tuple[ArtifactRef, ...]
"""An input that is a list of artifacts, such as the chunks of a mapped step."""
