"""What a batch of bytes becomes, and how much of it there may be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from millrace.contracts.api import ColumnMapping, SetAside
from millrace.contracts.records import Record

MAX_RECORDS = 20_000
"""Records of one batch."""
MAX_COLUMNS = 200
MAX_FIELD = 20_000
"""Characters of one cell; the same as a record's text may have."""
MAX_EXPANDED = 64 << 20
"""Bytes that a packed file (gzip, XLSX, Parquet) may become: what the parser's child has memory for."""
MAX_UNREADABLE = 0.5
"""Share of unreadable rows above which a file is refused: what is wrong is then how it is read, not its rows."""
MAX_LISTED = 20
"""Rows listed one by one in an answer; the rest are counted."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the producer says about a file beside its bytes."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    """Record field → column header; an empty header keeps the field unmapped. What is not named is guessed."""
    scale: str = ""
    """The rating scale (a `Scale`); guessed when empty."""


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """A batch that can be accepted."""

    records: tuple[Record, ...]
    """None where the file has no rows at all; record ids are unique."""
    mapping: ColumnMapping | None = None
    """How columns or headers became fields; None for JSON, which names the fields itself."""
    set_aside: tuple[SetAside, ...] = ()
    """The first `MAX_LISTED` rows that could not be used."""
    set_aside_total: int = 0
    notes: tuple[str, ...] = ()
    """Guesses that the reader should know of, in words: encoding, order of day and month."""
