"""The language tasks: decode, call the domain, encode."""

from dataclasses import dataclass
from functools import cached_property, partial

from celery import Celery

from millrace.contracts import catalogue
from millrace.contracts.inputs import Annotate, FindPhrases, FindTopics, Summarize
from millrace.contracts.outcome import Coverage
from millrace.nlp import adapters
from millrace.nlp.adapters import Embedder
from millrace.nlp.domain.annotate import (
    Exemplars,
    annotate_by_rules,
    embedding_order,
    exemplar_texts,
    gather_exemplars,
    refine_all,
)
from millrace.nlp.domain.phrases import find_phrases
from millrace.nlp.domain.sentiment import Lexicon
from millrace.nlp.domain.summary import summarize
from millrace.nlp.domain.taxonomy import Taxonomy
from millrace.nlp.domain.topics import find_topics
from millrace.nlp.domain.units import feedback, readable
from millrace.storage.artifacts import ArtifactStore
from millrace.worker.part import Part, Result
from millrace.worker.register import register_part
from millrace.worker.tables import read_record_ids
from millrace.worker.tables import warm_up as warm_up_tables

SAFETY_S = 0.4
"""Seconds kept back from embedding for what comes after it: vector themes, two Parquet files and their upload."""
SLOWNESS = 1.5
"""What comes after the embedding takes about as long as what comes before it; on a busy machine both take longer."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the tasks need from outside, and what they read once per process."""

    store: ArtifactStore
    embedder: Embedder

    @cached_property
    def lexicon(self) -> Lexicon:
        """The sentiment lexicon."""
        return adapters.load_lexicon()

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The themes."""
        return adapters.load_taxonomy()

    @cached_property
    def exemplars(self) -> Exemplars:
        """The themes' exemplars as vectors."""
        themes = self.taxonomy.themes
        vectors, _ = self.embedder.encode(exemplar_texts(themes))
        return gather_exemplars(themes, vectors)

    def preload(self) -> None:
        """Read the data files and load what Arrow loads: in the parent, so that its children share the memory."""
        warm_up_tables()
        _ = self.lexicon, self.taxonomy

    def warm_up(self) -> None:
        """Load the model and embed the exemplars: in the child, because a model session cannot be forked."""
        self.embedder.warm_up()
        _ = self.exemplars


def annotate(ports: Ports, request: Annotate, part: Part) -> Result:
    """`nlp.annotate`: rules for every unit, then vectors while there is time."""
    given = part.remaining_s()
    table = adapters.read_units(part, request.units)
    sources = adapters.sources(table)
    by_rules = annotate_by_rules(sources, ports.lexicon, ports.taxonomy)
    kept_back = max(SAFETY_S, SLOWNESS * (given - part.remaining_s()))
    embedded, rows = adapters.embed(
        ports.embedder, embedding_order(sources), keep_going=lambda: part.remaining_s() > kept_back
    )
    annotated = refine_all(sources, by_rules, embedded, rows, ports.exemplars)
    vectors = adapters.spread(table, embedded, rows)
    adapters.write_annotations(part, table, annotated, vectors)
    adapters.write_vectors(part, vectors)
    return Result(
        coverage=Coverage(seen=len(vectors), total=len(sources)),
        facts={"units": len(sources), "embedded": len(vectors), "model": ports.embedder.version},
    )


def topics(ports: Ports, request: FindTopics, part: Part) -> Result:
    """`nlp.topics`."""
    units = adapters.read_annotations(part, request.annotations)
    found = find_topics(units, adapters.read_vectors(part, request.vectors, ports.embedder.dimension))
    part.write_model("topics", found)
    seen = Coverage(seen=found.units, total=len(feedback(units)))
    return Result(coverage=seen, facts={"topics": len(found.topics)})


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


def register(app: Celery, ports: Ports) -> None:
    """Offer every task of this service."""
    register_part(app, catalogue.ANNOTATE, partial(annotate, ports), ports.store, read_record_ids)
    register_part(app, catalogue.TOPICS, partial(topics, ports), ports.store)
    register_part(app, catalogue.PHRASES, phrases, ports.store)
    register_part(app, catalogue.SUMMARY, partial(summary, ports), ports.store)
