"""Typed inputs of every part task: which artifacts and settings it takes.

The base task builds one of these from a `PartMessage`'s inputs and params, so a task that is sent what it
cannot use fails with a reason before any work.
"""

from pydantic import Field

from millrace.contracts.artifacts import Many, Maybe, One
from millrace.contracts.base import Message
from millrace.contracts.run import RunContext


class BuildConversations(Message):
    """`dataset.conversations.build`: records to conversations, turns and masked units."""

    batch: One
    max_chunks: int = Field(default=4, ge=1, le=256)
    """The most chunks that the units are cut into; each becomes one part of a mapped step."""
    min_chunk_rows: int = Field(default=200, ge=1)


class BuildRatings(Message):
    """`dataset.customers.ratings`: ratings on one scale with their segments."""

    batch: One


class BuildCustomers(Message):
    """`dataset.customers.customers`: one row per customer."""

    batch: One


class BuildOperations(Message):
    """`dataset.customers.operations`: the life cycle of tickets and the load by hour."""

    batch: One


class Annotate(Message):
    """`nlp.annotate`: sentiment, themes and vectors of one chunk of units."""

    units: One


class FindTopics(Message):
    """`nlp.topics`: topics that the taxonomy does not name."""

    annotations: Many
    vectors: Many


class FindPhrases(Message):
    """`nlp.phrases`: the key phrases of the batch."""

    annotations: Many


class Summarize(Message):
    """`nlp.summary`: an extractive summary with its source ids."""

    annotations: Many
    vectors: Many


class FindDuplicates(Message):
    """`nlp.duplicates`: records that say nearly the same."""

    units: Many


class MeasureKpis(Message):
    """`analytics.kpis`: the scores with their intervals."""

    ratings: One
    tickets: Maybe = None
    customers: Maybe = None


class MeasureTrends(Message):
    """`analytics.trends`: how scores and volume moved."""

    ratings: One


class ThemeImpact(Message):
    """`analytics.theme_impact`: what the score would be without a theme."""

    ratings: One
    annotations: Many


class FindDrivers(Message):
    """`analytics.drivers`: which themes and segments go with the score."""

    ratings: One
    segments: Maybe = None
    annotations: Many


class CompareSegments(Message):
    """`analytics.segments`: every segment against the rest."""

    ratings: One
    segments: One


class CountContacts(Message):
    """`analytics.contacts`: contact reasons, flags and entities."""

    annotations: Many


class FindChanges(Message):
    """`analytics.changes`: change points and anomalies of scores, volume, sentiment and themes."""

    ratings: One
    annotations: Many = ()
    hourly: Maybe = None


class FindEmerging(Message):
    """`analytics.emerging`: what is mentioned more than before."""

    annotations: Many


class MakeForecasts(Message):
    """`analytics.forecast`: the next days of volume and scores."""

    ratings: One
    hourly: Maybe = None


class ScoreRisks(Message):
    """`analytics.risks`: customers who may leave."""

    customers: One
    contacts: One
    annotations: Many = ()


class MeasureService(Message):
    """`analytics.service_levels`: replies, resolutions and reopened tickets."""

    tickets: One
    hourly: Maybe = None


class WriteReport(Message):
    """`analytics.report`: joins every insight of the run."""

    quality: Many = ()
    kpis: Maybe = None
    trends: Maybe = None
    impact: Maybe = None
    drivers: Maybe = None
    topics: Maybe = None
    phrases: Maybe = None
    summary: Maybe = None
    segments: Maybe = None
    contacts: Maybe = None
    duplicates: Maybe = None
    changes: Maybe = None
    emerging: Maybe = None
    forecasts: Maybe = None
    risks: Maybe = None
    service_levels: Maybe = None
    labels: Many = ()
    """What people are shown instead of ids; each chunk of units says the same."""
    set_aside: Many = ()
    """Which records steps did without, because each of them killed its worker."""
    run: RunContext
    """What the orchestrator knows of the run so far; the plan fills it in."""
