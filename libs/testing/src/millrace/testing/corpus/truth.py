"""What a corpus consists of, and what is true of it by construction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from millrace.contracts.records import Record


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A personal string inside a record's text. Fictional: reserved domains, numbers for films, published examples."""

    kind: str
    """`email`, `phone`, `card`, `iban`, `address` or `name`."""
    text: str


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What was planted. Agents' turns and ratings without text have no theme, sentiment or language."""

    themes: Mapping[str, tuple[str, ...]]
    """Record id → themes that its text speaks of, the main one first."""
    sentiment: Mapping[str, str]
    """Record id → `positive`, `negative` or `mixed`."""
    language: Mapping[str, str]
    """Record id → ISO 639-1 code."""
    mean_rating: float
    """Mean stars of all rated records; NaN when none is rated."""
    mean_by_theme: Mapping[str, float]
    """Mean stars by main theme."""
    mean_by_department: Mapping[str, float]
    drag_theme: str
    """The theme whose volume and share of complaints rise at the change point."""
    change_point: date | None
    """First day of the change; None when nothing changes."""
    low_department: str
    """The department that complains more, whatever the theme."""
    duplicates: tuple[tuple[str, str], ...]
    """Pairs of a copy's record id and the id of its earlier original; case and end marks may differ."""
    personal: Mapping[str, tuple[Planted, ...]]
    """Record id → personal strings in its text."""
    new_theme: str = ""
    """The theme that no taxonomy knows; such records speak of nothing else."""
    driver: str = ""
    """What alone makes customers complain: a theme, `department` for the low one, or empty."""
    campaigns: tuple[tuple[str, ...], ...] = ()
    """Clusters of edited copies of one text, by record id; an exact copy may be among `duplicates`, never here."""
    leavers: Mapping[str, str] = field(default_factory=dict)
    """Customer who left → the reason that the last text gives."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Records in the order of their dates, and the truth about them."""

    records: list[Record]
    truth: Truth
