"""The language of a turn, by py3langid (naive Bayes over byte n-grams; Lui and Baldwin 2012, "langid.py")."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple, Protocol

from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

from millrace.dataset_conversations.domain.masking import PSEUDONYM

UNKNOWN = "und"
"""ISO 639-2 for undetermined."""
MIN_CHARACTERS = 20
"""Shorter text is too short to tell."""
MAX_CHARACTERS = 200
"""More text costs time and changes nothing: on a thousand reviews, 120 characters gave the same verdicts as all."""
SURE = 0.5
"""Probability from which the model is taken at its word; below it the batch's other languages count too."""
_PRIOR_WEIGHT = 0.5
"""Pseudo-count of every language (Jeffreys), so that none is impossible."""

_CODE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE)


class Identifier(Protocol):
    """What names languages; `LanguageIdentifier` does, and so may a test."""

    def classify(self, text: str) -> tuple[str, float]:
        """The most probable language and its probability."""

    def rank(self, text: str) -> list[tuple[str, float]]:
        """Every language and its probability."""


class Language(NamedTuple):
    """A language code and how probable it is; no probability where it was declared or cannot be told."""

    code: str
    probability: float | None


class Spoken(NamedTuple):
    """What is known of a turn's language: its masked text and what the producer declared."""

    text: str
    declared: str


@cache
def model() -> Identifier:
    """The identifier, loaded once per process: about 0.6 s and 75 MB, so a worker loads it before it forks."""
    identifier: Identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return identifier


def languages(turns: Iterable[Spoken], identifier: Identifier) -> list[Language]:
    """The language of each turn.

    Where the model is unsure, its probabilities are weighed by how often it was sure of each language in this batch
    (Bayes' rule with the batch as prior). A declared language is believed where the text itself does not tell.
    """
    given = [Spoken(PSEUDONYM.sub(" ", turn.text).strip()[:MAX_CHARACTERS], turn.declared) for turn in turns]
    firsts = [identifier.classify(turn.text) if len(turn.text) >= MIN_CHARACTERS else None for turn in given]
    sure = Counter(first[0] for first in firsts if first and first[1] >= SURE)
    return [_decided(turn, first, sure, identifier) for turn, first in zip(given, firsts, strict=True)]


def _decided(turn: Spoken, first: tuple[str, float] | None, sure: Counter[str], identifier: Identifier) -> Language:
    if first and first[1] < SURE:
        first = _weighed(identifier.rank(turn.text), sure)
    if first and first[1] >= SURE:
        return Language(*first)
    code = _CODE.fullmatch(turn.declared.strip())
    return Language(code.group(1).lower() if code else UNKNOWN, None)


def _weighed(ranking: list[tuple[str, float]], sure: Counter[str]) -> tuple[str, float]:
    weights = [(code, share * (sure[code] + _PRIOR_WEIGHT)) for code, share in ranking]
    code, weight = max(weights, key=lambda each: each[1])
    return code, weight / sum(each for _, each in weights)
