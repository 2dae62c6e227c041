"""What the figures share: one pipeline, one model, the corpora of every seed and their runs."""

from datetime import date
from functools import cache, cached_property
from pathlib import Path

from tests.evaluate.pipeline import Pipeline, Ran

from millrace.contracts.records import Record
from millrace.ingestion.domain.parse import parse
from millrace.nlp.embedding.encoder import Encoder
from millrace.testing import labelled
from millrace.testing.corpus import Corpus, generate
from millrace.testing.corpus.leaving import CHURNED
from millrace.testing.corpus.options import DEPARTMENT, NEW_THEMES, Options

START, DAYS = date(2025, 8, 4), 91
"""Thirteen weeks from a Monday."""
RECORDS = 600
SHARED = Path(__file__).parents[3] / "shared" / "data"
"""Real reviews, which lie beside a checkout or do not. They are measured, never learned from."""
_DRIVERS = ("delivery", "quality", "fit", "price", "customer_support", DEPARTMENT)


class World:
    """Corpora and runs by seed, each made once."""

    def __init__(self, seeds: int) -> None:
        self.seeds = range(1, seeds + 1)
        # Of the instance, not of the class: what was run goes when the world goes.
        self.steady = cache(self._steady)
        self.turning = cache(self._turning)
        self.ran = cache(self._ran)

    @cached_property
    def encoder(self) -> Encoder:
        """The model as production loads it."""
        encoder = Encoder.load()
        encoder.warm_up()
        return encoder

    @cached_property
    def pipeline(self) -> Pipeline:
        """Every service's tasks, with the production cache: a text that comes again in another corpus costs nothing."""
        return Pipeline(self.encoder)

    def _steady(self, seed: int) -> Corpus:
        """Nothing changes over time; everything else is planted: a driver, a new theme, languages, personal data."""
        return generate(
            seed, RECORDS, START, DAYS,
            Options(
                change=False, driver=_DRIVERS[seed % len(_DRIVERS)], new_theme=NEW_THEMES[seed % len(NEW_THEMES)],
                new_theme_share=0.1, foreign=0.15, personal=0.15, decoys=0.15, campaigns=4,
            ),
        )  # fmt: skip

    def _turning(self, seed: int) -> Corpus:
        """At the change point a known theme begins to drag the score, and a new theme comes up."""
        options = Options(
            new_theme=NEW_THEMES[seed % len(NEW_THEMES)], new_theme_share=0.25, emerging=True, leavers=0.25
        )  # fmt: skip
        return generate(seed, RECORDS, START, DAYS, options)

    def _ran(self, name: str, seed: int) -> Ran:
        """The whole flow over the `steady` or the `turning` corpus of a seed, of which nobody says who has left."""
        corpus = (self.steady if name == "steady" else self.turning)(seed)
        return self.pipeline.run([_without_leavers(record) for record in corpus.records])

    @cached_property
    def lines(self) -> Ran:
        """The hand-written feedback, as far as it is annotated; a record's id is its line's."""
        records = [Record(record_id=line.id, text=line.text) for line in labelled.feedback()]
        return self.pipeline.run(records, ("conversations", "annotate"))

    def real(self, name: str) -> list[Record] | None:
        """A file of real reviews as the ingestion reads it; None when it is not there."""
        path = SHARED / name
        return list(parse(path.read_bytes(), "text/csv").records) if path.exists() else None


def _without_leavers(record: Record) -> Record:
    attrs = {name: value for name, value in record.attrs.items() if name != CHURNED}
    return record.model_copy(update={"attrs": attrs})
