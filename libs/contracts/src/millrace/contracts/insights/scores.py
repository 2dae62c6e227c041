"""How good it is and what moves it: scores, themes, drivers, segments."""

from millrace.contracts.base import Message, Timestamp
from millrace.contracts.insights.common import Estimate, Quote


class Bucket(Message):
    """One value of a rating scale and the share of ratings on it."""

    value: float
    count: int
    share: Estimate


class Score(Message):
    """One rating scale's result."""

    kind: str
    mean: Estimate
    """On the raw scale."""
    norm: Estimate
    """Mean between 0 and 1."""
    distribution: tuple[Bucket, ...]
    nps: Estimate | None = None
    """Promoters less detractors in points (-100 to 100); only for the NPS scale."""
    satisfied: Estimate | None = None
    """Share of the two highest answers (top-two-box); for CSAT, CES and stars."""


class Kpis(Message):
    """The scores of the batch."""

    records: int
    rated: int
    scores: tuple[Score, ...] = ()
    first_at: Timestamp | None = None
    last_at: Timestamp | None = None
    first_reply_s: Estimate | None = None
    """Median seconds to the first reply."""
    resolution_s: Estimate | None = None
    contacts_per_customer: Estimate | None = None
    """Mean conversations per known customer."""
    note: str = ""
    """What could not be said, and why."""


class Theme(Message):
    """A theme of the taxonomy: its volume, its tone and what it does to the score."""

    id: str
    label: str
    records: int
    share: Estimate
    """Share of records with text that mention it."""
    sentiment: Estimate
    """Net sentiment: share of positive less share of negative units, -1 to 1."""
    score_with: Estimate | None = None
    """Mean raw rating of the records that mention it."""
    impact: Estimate | None = None
    """Overall mean less the mean without its records, on the raw scale; negative drags the score down."""
    quotes: tuple[Quote, ...] = ()


class ThemeImpacts(Message):
    """Themes by what they do to the score."""

    kind: str
    """The rating scale, or empty when nothing is rated."""
    overall: Estimate | None
    sentiment: Estimate
    """Net sentiment of all units."""
    themes: tuple[Theme, ...]
    hidden: int = 0
    """Themes with too few records to say anything."""
    note: str = ""


class SegmentScore(Message):
    """A segment against the rest."""

    name: str
    value: str
    mean: Estimate
    difference: Estimate
    """Mean of the segment less mean of the rest, on the raw scale."""
    p_value: float
    """Adjusted over all segments (Benjamini-Hochberg)."""
    effect: Estimate | None = None
    """Rank-biserial correlation with the rest, -1 to 1: what is left of a difference on any scale."""


class Segments(Message):
    """Every segment against the rest."""

    kind: str = ""
    """The rating scale."""
    segments: tuple[SegmentScore, ...] = ()
    note: str = ""


class Driver(Message):
    """A theme or segment that goes with the score, others held equal."""

    feature: str
    kind: str
    """`theme` or `segment`."""
    label: str
    effect: Estimate
    """Change of the raw score where present."""
    importance: float
    """Loss of explained variance when shuffled."""
    n: int


class Drivers(Message):
    """What the score is associated with. Association, not cause."""

    kind: str = ""
    n: int = 0
    explained: float | None = None
    """Share of variance explained on held-out records (R²)."""
    drivers: tuple[Driver, ...] = ()
    segments: tuple[SegmentScore, ...] = ()
    """Empty since `analytics.segments` is a task of its own; releases before it wrote them here."""
    note: str = ""
