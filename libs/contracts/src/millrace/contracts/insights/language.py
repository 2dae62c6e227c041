"""What the text says: topics, phrases, a summary, contact reasons, duplicates."""

from millrace.contracts.base import Message, Timestamp
from millrace.contracts.insights.common import Estimate, Quote


class Labels(Message):
    """What people are shown instead of the ids in `annotations`."""

    themes: dict[str, str] = {}
    reasons: dict[str, str] = {}
    flags: dict[str, str] = {}
    languages: tuple[str, ...] = ()
    """Languages whose tone, themes and reasons are read; empty where that is not known."""


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
    note: str = ""


class Summary(Message):
    """Sentences of the feedback itself that stand for the rest."""

    sentences: tuple[Quote, ...] = ()
    note: str = ""


class ReasonShare(Message):
    """A contact reason: why customers get in touch."""

    id: str
    label: str
    conversations: int
    share: Estimate
    """Of the conversations in which a customer speaks."""
    sentiment: Estimate | None = None
    """Net sentiment of the units that give this reason."""
    quotes: tuple[Quote, ...] = ()


class FlagShare(Message):
    """A cue that asks for action: `urgent`, `effort`, `escalation` or `churn`."""

    id: str
    label: str
    records: int
    share: Estimate
    quotes: tuple[Quote, ...] = ()


class EntityCount(Message):
    """A thing that the feedback names, such as a version or an order."""

    kind: str
    value: str
    records: int
    sentiment: float | None = None
    evidence: tuple[str, ...] = ()
    """Record ids, at most ten."""


class Contacts(Message):
    """What customers get in touch about, and how."""

    conversations: int = 0
    reasons: tuple[ReasonShare, ...] = ()
    unknown: Estimate | None = None
    """Share of conversations whose reason could not be told."""
    flags: tuple[FlagShare, ...] = ()
    entities: tuple[EntityCount, ...] = ()
    shift: Estimate | None = None
    """Mean change of sentiment from a conversation's first customer turn to its last (-2 to 2)."""
    note: str = ""


class DuplicateCluster(Message):
    """Records that say nearly the same: a campaign, a bot, or one customer who wrote twice."""

    id: str
    records: tuple[str, ...]
    """Record ids, the earliest first."""
    exact: int = 0
    """How many of them are the same but for case and punctuation."""
    first_at: Timestamp | None = None
    last_at: Timestamp | None = None
    quote: Quote | None = None


class Duplicates(Message):
    """Near-duplicates among the records with text."""

    clusters: tuple[DuplicateCluster, ...] = ()
    """The biggest first."""
    records: int = 0
    """Records that were compared."""
    share: Estimate | None = None
    """Share of records that repeat an earlier one."""
    note: str = ""
