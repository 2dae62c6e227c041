"""What the tests of the language service share."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from millrace.nlp import adapters
from millrace.nlp.domain.annotate import Rules
from millrace.nlp.domain.sentiment import Lexicon
from millrace.nlp.domain.taxonomy import Taxonomy
from millrace.nlp.domain.units import Unit

LINES = Path(__file__).parent / "data" / "labelled_units.json"


class Line(NamedTuple):
    """A hand-written line with what a reader would say of it."""

    text: str
    sentiment: str
    themes: set[str]


@pytest.fixture(scope="session")
def labelled() -> Callable[[str], list[Line]]:
    """The hand-written lines of the set `dev`, which rules and thresholds were chosen on, or `heldout`."""

    def lines(which: str) -> list[Line]:
        rows = [row for row in json.loads(LINES.read_text(encoding="utf-8")) if row["set"] == which]
        return [Line(row["text"], row["sentiment"], set(row["themes"])) for row in rows]

    return lines


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return adapters.load_lexicon()


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    return adapters.load_taxonomy()


@pytest.fixture(scope="session")
def rules() -> Rules:
    return adapters.load_rules()


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
