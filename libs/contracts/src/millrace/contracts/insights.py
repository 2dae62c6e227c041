"""What the language and analytics tasks find: typed contents of their JSON artifacts.

Every number carries its n and, where it is an estimate, its interval; every claim its evidence.
"""

from pydantic import Field

from millrace.contracts.base import Message, Timestamp


class Estimate(Message):
    """A number with its confidence interval."""

    value: float
    low: float
    high: float
    n: int = Field(ge=0)
    level: float = 0.95
    method: str = ""
    """How the interval was made: `wilson`, `bootstrap`, `t`."""


class Quote(Message):
    """A masked piece of feedback as evidence."""

    record_id: str
    unit_id: str = ""
    text: str
    sentiment: float | None = None
    rating: float | None = None
    """The raw rating of the record."""


class Check(Message):
    """A quality check of a dataset."""

    name: str
    passed: bool
    detail: str = ""


class Manifest(Message):
    """What a dataset generator wrote, from what, and how good it is."""

    generator: str
    code_version: int
    input_sha256: str
    tables: dict[str, int]
    """Row count by table name."""
    checks: tuple[Check, ...] = ()
    facts: dict[str, float] = {}
    """Counts of interest, such as `masked_email` or `duplicates`."""
    shares: dict[str, float] = {}
    """Shares between 0 and 1, such as `lang_en`."""


class SetAsideRecords(Message):
    """Records that a step did without, because each of them killed the process that worked on it."""

    step: str
    records: tuple[str, ...] = ()
    """Their ids, as the producer gave them."""


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


class Point(Message):
    """One period of a series."""

    at: Timestamp
    value: float
    n: int


class Trend(Message):
    """How one metric moved."""

    metric: str
    period: str
    """`day` or `week`."""
    points: tuple[Point, ...]
    slope: Estimate | None = None
    """Change per period (Theil-Sen), where there are enough periods."""
    p_value: float | None = None
    """Mann-Kendall test against no trend."""
    direction: str = "unclear"
    """`up`, `down`, `flat` or `unclear`."""


class Trends(Message):
    """The movement of scores and volume."""

    series: tuple[Trend, ...] = ()
    note: str = ""
    """Why there is nothing to see, in words."""


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


class SegmentScore(Message):
    """A segment against the rest."""

    name: str
    value: str
    mean: Estimate
    difference: Estimate
    """Mean of the segment less mean of the rest, on the raw scale."""
    p_value: float
    """Adjusted over all segments (Benjamini-Hochberg)."""


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
    note: str = ""


class Topic(Message):
    """A group of similar units that the taxonomy does not name."""

    id: str
    label: str
    terms: tuple[str, ...]
    units: int
    share: float
    sentiment: float
    quotes: tuple[Quote, ...] = ()


class Topics(Message):
    """Discovered topics."""

    topics: tuple[Topic, ...] = ()
    units: int = 0
    """Units that were looked at."""
    note: str = ""


class Phrase(Message):
    """A phrase that the feedback keeps using."""

    text: str
    records: int
    score: float
    sentiment: float


class Phrases(Message):
    """Key phrases, most telling first."""

    phrases: tuple[Phrase, ...] = ()


class Summary(Message):
    """Sentences of the feedback itself that stand for the rest."""

    sentences: tuple[Quote, ...] = ()
    note: str = ""
