"""Words that tell one group of units from the rest."""

import math
from collections import Counter
from collections.abc import Sequence

from millrace.nlp.domain.units import Unit
from millrace.nlp.domain.vocabulary import TONE_WORDS, content_words, stem

TERMS = 4
MIN_SHARE = 0.3
"""Least share of a group's units that hold a term."""
MIN_OWN_SHARE = 0.2
"""The same where no term reaches it, for a term that is the group's own: people name one thing in many words."""
OWN = 0.5
"""Least share of a term's units that lie in the group for the term to be its own."""
_ROOT = 5


def subject_words(text: str) -> list[str]:
    """The words that may name what a unit is about, each once, in order."""
    return [word for word in dict.fromkeys(content_words(text)) if word not in TONE_WORDS]


class Corpus:
    """How many units hold which word."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._size = len(units)
        self._found_in = Counter(word for unit in units for word in _stems(unit))

    def terms(self, group: Sequence[Unit]) -> tuple[str, ...]:
        """The words that stand for the group, most telling first; empty when nothing does.

        Class-based TF-IDF (Grootendorst 2022), counted by units instead of occurrences, so that one wordy unit does
        not speak for all.
        """
        inside = Counter(word for unit in group for word in _stems(unit))
        own = {word for word, count in inside.items() if count >= OWN * self._found_in[word]}
        often = {word for word, count in inside.items() if count >= max(2, MIN_SHARE * len(group))}
        if not often or (len(often) == 1 and not often <= own):
            often = {word for word in own if inside[word] >= max(2, MIN_OWN_SHARE * len(group))}
        scores = {word: inside[word] * math.log(1 + self._size / self._found_in[word]) for word in often}
        return tuple(_unlike(sorted(scores, key=lambda word: (-scores[word], word)))[:TERMS])


def spelled(terms: Sequence[str], group: Sequence[Unit]) -> tuple[str, ...]:
    """The terms as the group writes them most often."""
    forms = Counter(word for unit in group for word in subject_words(unit.text))
    spellings: dict[str, str] = {}
    for form in sorted(forms, key=lambda word: (-forms[word], word)):
        spellings.setdefault(stem(form), form)
    return tuple(spellings[term] for term in terms)


def _unlike(terms: Sequence[str]) -> list[str]:
    """The terms without further forms of one before them: "layer" beside "layering"."""
    firsts: dict[str, str] = {}
    for term in terms:
        firsts.setdefault(term[:_ROOT], term)
    return list(firsts.values())


def _stems(unit: Unit) -> set[str]:
    return {stem(word) for word in subject_words(unit.text)}
