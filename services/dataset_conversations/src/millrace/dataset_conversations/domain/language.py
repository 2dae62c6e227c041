"""The language of a turn, by py3langid (naive Bayes over byte n-grams; Lui and Baldwin 2012, "langid.py")."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, Protocol

from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

from millrace.dataset_conversations.domain.masking import PSEUDONYM

UNKNOWN = "und"
"""ISO 639-2 for undetermined."""
MIN_CHARACTERS = 20
"""Shorter text is too short to tell."""
FIRST_CHARACTERS = 60
"""What is read first. On 9,748 planted texts the verdicts were as often right as after 200 characters, in 0.7 of the
time."""
ENOUGH = 0.9
"""Probability from which that is enough."""
MAX_CHARACTERS = 200
"""What is read where it is not; more text costs time and changes nothing."""
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


class Heard(NamedTuple):
    """What a turn tells of its language: what the model reads, its verdict, and what the producer declared."""

    text: str
    verdict: tuple[str, float] | None
    """None where the text is too short to tell."""
    declared: str


@cache
def model() -> Identifier:
    """The identifier, loaded once per process: about 0.6 s and 75 MB, so a worker loads it before it forks."""
    identifier: Identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return identifier


def hear(masked: str, declared: str, identifier: Identifier) -> Heard:
    """What the model makes of one text."""
    text = PSEUDONYM.sub(" ", masked).strip()[:MAX_CHARACTERS]
    if len(text) < MIN_CHARACTERS:
        return Heard(text, None, declared)
    verdict = identifier.classify(text[:FIRST_CHARACTERS])
    if verdict[1] < ENOUGH and len(text) > FIRST_CHARACTERS:
        verdict = identifier.classify(text)
    return Heard(text, verdict, declared)


def languages(turns: Sequence[Heard], identifier: Identifier) -> list[Language]:
    """The language of each turn.

    Where the model is unsure, its probabilities are weighed by how often it was sure of each language in this batch
    (Bayes' rule with the batch as prior). A declared language is believed where the text itself does not tell.
    """
    sure = Counter(turn.verdict[0] for turn in turns if turn.verdict and turn.verdict[1] >= SURE)
    return [_decided(turn, sure, identifier) for turn in turns]


def _decided(turn: Heard, sure: Counter[str], identifier: Identifier) -> Language:
    verdict = turn.verdict
    if verdict and verdict[1] < SURE:
        verdict = _weighed(identifier.rank(turn.text), sure)
    if verdict and verdict[1] >= SURE:
        return Language(*verdict)
    code = _CODE.fullmatch(turn.declared.strip())
    return Language(code.group(1).lower() if code else UNKNOWN, None)


def _weighed(ranking: list[tuple[str, float]], sure: Counter[str]) -> tuple[str, float]:
    weights = [(code, share * (sure[code] + _PRIOR_WEIGHT)) for code, share in ranking]
    code, weight = max(weights, key=lambda each: each[1])
    return code, weight / sum(each for _, each in weights)
