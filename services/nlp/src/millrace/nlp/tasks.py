"""The language tasks: decode, call the domain, encode."""

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import NoReturn

from celery import Celery

from millrace.contracts import catalogue
from millrace.contracts.inputs import Annotate, FindDuplicates, FindPhrases, FindTopics, Summarize
from millrace.contracts.insights import Labels
from millrace.contracts.outcome import Coverage
from millrace.nlp import adapters
from millrace.nlp.adapters import Embedder
from millrace.nlp.cache.findings import findings_of
from millrace.nlp.cache.memory import Memory
from millrace.nlp.cache.sealed import SealedCells
from millrace.nlp.cache.topics import TopicMemory
from millrace.nlp.cache.version import rules_version
from millrace.nlp.domain.annotate import (
    Exemplars,
    Rules,
    annotate_by_rules,
    embedding_order,
    exemplar_texts,
    gather_exemplars,
    give_reasons,
    hear_all,
    refine_all,
)
from millrace.nlp.domain.duplicates import find_duplicates
from millrace.nlp.domain.phrases import find_phrases
from millrace.nlp.domain.reasons import ReasonSpace
from millrace.nlp.domain.sentiment_head import SentimentHead
from millrace.nlp.domain.summary import summarize
from millrace.nlp.domain.topics import find_topics
from millrace.nlp.domain.units import ENGLISH, english, feedback, readable
from millrace.nlp.errors import ModelUnavailable
from millrace.nlp.models.configured import ModelSources, load_models
from millrace.nlp.models.reading import Models
from millrace.nlp.models.source import S3
from millrace.storage.artifacts import ArtifactStore
from millrace.telemetry.metrics import timed
from millrace.worker.part import Part, Result
from millrace.worker.register import register_part
from millrace.worker.tables import read_record_ids
from millrace.worker.tables import warm_up as warm_up_tables

SAFETY_S = 0.5
"""Seconds kept back from embedding for what comes after it: themes and reasons by vector, two Parquet files, their
upload, and the cache."""
COMPARING = 0.4
"""Share of the time for duplicates that is kept back from reading for comparing what was read."""
REMEMBERING_S = 0.2
"""Seconds that must be left for another request to the cache: what cannot be kept in time is computed again."""
SLOWNESS = 0.8
"""What comes after the embedding takes up to 0.4 of the time of what comes before it; on a busy machine both take
longer, and the cache is to be written too."""


def _no_s3() -> NoReturn:
    raise ModelUnavailable("no S3 client was given to fetch models with")


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the tasks need from outside, and what they read once per process."""

    store: ArtifactStore
    embedder: Embedder
    cells: SealedCells | None = None
    """Where it is remembered what was found out about a text; None for nowhere."""
    cache_s: int = 86_400
    """Seconds for which it is; 0 for none."""
    sources: ModelSources = field(default_factory=ModelSources)
    """Models that take the place of a task's default."""
    s3: S3 = _no_s3
    """For models that are kept there."""

    @cached_property
    def rules(self) -> Rules:
        """Lexicon, themes, contact reasons and flags."""
        return adapters.load_rules()

    @cached_property
    def head(self) -> SentimentHead | None:
        """The sentiment head; none for an encoder that it was not trained for."""
        return adapters.load_head(self.embedder.version)

    @cached_property
    def exemplars(self) -> Exemplars:
        """The themes' exemplars as vectors."""
        themes = self.rules.taxonomy.themes
        vectors, _ = self.embedder.encode(exemplar_texts(themes))
        return gather_exemplars(themes, vectors)

    @cached_property
    def reasons(self) -> ReasonSpace:
        """The contact reasons as vectors."""
        vectors, _ = self.embedder.encode(self.rules.reasons.texts())
        return self.rules.reasons.space(vectors)

    @cached_property
    def version(self) -> str:
        """What findings depend on beside their text."""
        return f"{self.model}/{rules_version()}"

    @property
    def model(self) -> str:
        """Every model that has a say, with its version."""
        return ", ".join((self.embedder.version, *self.models.versions))

    @cached_property
    def models(self) -> Models:
        """The larger models that take the place of a task's default; none unless some are configured."""
        with timed("model_load_seconds", model="configured"):
            return load_models(self.sources, self.rules.reasons.taxonomy.labels, self.s3)

    @cached_property
    def labels(self) -> Labels:
        """What people are shown instead of ids."""
        return Labels(
            themes=self.rules.taxonomy.labels,
            reasons=self.rules.reasons.taxonomy.labels,
            flags=self.rules.flags.labels,
            languages=() if self.models.versions else (ENGLISH,),
        )

    def memory(self, part: Part) -> Memory:
        """This part's use of its tenant's cache."""
        return Memory(
            self.cells, part.message.tenant, self.version, self.cache_s,
            keep_going=lambda: part.remaining_s() > REMEMBERING_S,
        )  # fmt: skip

    def preload(self) -> None:
        """Read the data files and load what Arrow loads: in the parent, so that its children share the memory."""
        warm_up_tables()
        _ = self.rules, self.head, self.models, self.version, self.labels

    def warm_up(self) -> None:
        """Load the model and embed the exemplars: in the child, because a model session cannot be forked."""
        with timed("model_load_seconds", model="encoder"):
            self.embedder.warm_up()
        _ = self.exemplars, self.reasons


def annotate(ports: Ports, request: Annotate, part: Part) -> Result:
    """`nlp.annotate`: what is remembered, rules for every other unit, then vectors while there is time."""
    given = part.remaining_s()
    table = adapters.read_units(part, request.units)
    sources = adapters.sources(table)
    memory = ports.memory(part)
    known = memory.recall([source for source in sources if english(source.lang)])
    fresh = [source for source in sources if source not in known]
    by_rules = annotate_by_rules(fresh, ports.rules)
    kept_back = max(SAFETY_S, SLOWNESS * (given - part.remaining_s()))
    embedded, rows = adapters.embed(
        ports.embedder, embedding_order(fresh), keep_going=lambda: part.remaining_s() > kept_back
    )
    refined = refine_all(fresh, by_rules, embedded, rows, ports.exemplars)
    heard = hear_all(fresh, refined, embedded, rows, ports.head)
    by_vectors = dict(zip(fresh, give_reasons(fresh, heard, embedded, rows, ports.reasons), strict=True))
    read, complete = ports.models.read(by_vectors, keep_going=lambda: part.remaining_s() > kept_back)
    annotated = [known[source].annotation if source in known else read[source] for source in sources]
    vectors = adapters.spread(table, known, embedded, rows)
    adapters.write_annotations(part, table, annotated, vectors)
    adapters.write_vectors(part, vectors)
    part.write_model("labels", ports.labels)
    findings = findings_of(read, embedded, rows)
    memory.remember({source: found for source, found in findings.items() if source in complete})
    facts = {"units": len(sources), "embedded": len(vectors), "cached": sum(source in known for source in sources)}
    return Result(
        coverage=Coverage(seen=len(vectors), total=len(sources)),
        facts={**facts, "cache_faults": memory.faults, "model": ports.model},
    )


def topics(ports: Ports, request: FindTopics, part: Part) -> Result:
    """`nlp.topics`."""
    units = adapters.read_annotations(part, request.annotations)
    memory = TopicMemory(ports.cells if ports.cache_s else None, part.message.tenant, ports.embedder.version)
    vectors = adapters.read_vectors(part, request.vectors, ports.embedder.dimension)
    found, known = find_topics(units, vectors, memory.recall())
    part.write_model("topics", found)
    memory.keep(known)
    seen = Coverage(seen=found.units, total=len(feedback(units)))
    return Result(coverage=seen, facts={"topics": len(found.topics), "cache_faults": memory.faults})


def phrases(request: FindPhrases, part: Part) -> Result:
    """`nlp.phrases`."""
    units = adapters.read_annotations(part, request.annotations)
    found = find_phrases(units)
    part.write_model("phrases", found)
    seen = Coverage(seen=len(readable(units)), total=len(feedback(units)))
    return Result(coverage=seen, facts={"phrases": len(found.phrases)})


def summary(ports: Ports, request: Summarize, part: Part) -> Result:
    """`nlp.summary`."""
    units = adapters.read_annotations(part, request.annotations)
    found = summarize(units, adapters.read_vectors(part, request.vectors, ports.embedder.dimension))
    part.write_model("summary", found)
    return Result(facts={"sentences": len(found.sentences)})


def duplicates(request: FindDuplicates, part: Part) -> Result:
    """`nlp.duplicates`."""
    records = adapters.read_written(part, request.units)
    kept_back = max(SAFETY_S, COMPARING * part.remaining_s())
    found, seen = find_duplicates(
        records,
        keep_reading=lambda: part.remaining_s() > kept_back,
        keep_comparing=lambda: part.remaining_s() > SAFETY_S,
    )
    part.write_model("duplicates", found)
    return Result(coverage=Coverage(seen=seen, total=len(records)), facts={"clusters": len(found.clusters)})


def register(app: Celery, ports: Ports) -> None:
    """Offer every task of this service."""
    register_part(app, catalogue.ANNOTATE, partial(annotate, ports), ports.store, read_record_ids)
    register_part(app, catalogue.TOPICS, partial(topics, ports), ports.store)
    register_part(app, catalogue.PHRASES, phrases, ports.store)
    register_part(app, catalogue.SUMMARY, partial(summary, ports), ports.store)
    register_part(app, catalogue.DUPLICATES, duplicates, ports.store)
