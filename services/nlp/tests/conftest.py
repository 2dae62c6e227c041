"""What the tests of the language service share."""

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from millrace.nlp import adapters
from millrace.nlp.domain.sentiment import Lexicon
from millrace.nlp.domain.taxonomy import Taxonomy
from millrace.nlp.domain.units import Unit

LINES = Path(__file__).parent / "data" / "labelled_units.tsv"
TONES = {"pos": "positive", "neg": "negative", "neu": "neutral"}


class Line(NamedTuple):
    """A hand-written line with what a reader would say of it."""

    text: str
    sentiment: str
    themes: set[str]


@pytest.fixture(scope="session")
def labelled() -> Callable[[str], list[Line]]:
    """The hand-written lines of the set `dev`, which rules and thresholds were chosen on, or `heldout`."""

    def lines(which: str) -> list[Line]:
        with LINES.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file, delimiter="\t") if row["set"] == which]
        return [Line(row["text"], TONES[row["sentiment"]], set(row["themes"].split(",")) - {""}) for row in rows]

    return lines


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return adapters.load_lexicon()


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    return adapters.load_taxonomy()


@pytest.fixture
def unit() -> Callable[..., Unit]:
    """A unit of its own record, with the text hashed as the dataset would."""

    def make(number: int, text: str, **fields: Any) -> Unit:
        given = {
            "unit_id": f"u{number:03d}",
            "record_id": f"r{number:03d}",
            "text_hash": hashlib.sha256(text.encode()).hexdigest(),
        }
        return Unit(text=text, **(given | fields))

    return make
