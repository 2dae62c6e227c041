"""Names of groups of units: short noun phrases that their people say and others do not.

Class-based TF-IDF (Grootendorst 2022, "BERTopic") over runs of one to three words, counted by units instead of
occurrences, so that one wordy unit does not speak for all. There is no tagger: a word is taken for a noun as far as it
ends a phrase behind an article, a possessive or a preposition somewhere in the batch ("the garage", "of points").
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from millrace.nlp.domain.units import Unit
from millrace.nlp.domain.vocabulary import (
    DETERMINERS,
    FILLERS,
    NEGATIONS,
    STOP_WORDS,
    TONE_WORDS,
    clauses,
    names_something,
    stem,
)

TERMS = 4
LONGEST = 3
MIN_SHARE = 0.15
"""Least share of a group's sayings that hold a term."""
TELLS = 0.35
"""Least share of a group's sayings that hold its label, if that is one phrase."""
LONGER = 0.45
"""A longer phrase takes the place of its words when at least this share of the units that say the word say it."""
OWN = 0.25
"""Least share of a term's units that lie in the group for the term to stand for it."""
MIN_NOUN = 0.12
"""Least share of a word's occurrences that end a noun phrase."""
_ROOT = 6
"""Letters by which forms of one word are told: "allergy", "allergens", "allergic"."""
COVERED = 0.5
"""The same if it is two. Of a group that reaches neither nobody could tell what it is about."""
_REACH = 2
"""Words that may stand between an article and its noun."""
_LINKS = frozenset({"of", "to", "and", "for", "in", "on"})

Key = tuple[str, ...]


@dataclass
class _Said:
    """How often a word was said, and how often it ended a noun phrase."""

    times: int = 0
    as_noun: int = 0


class Namer:
    """What the units of a batch say, to name groups of them by."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._size = len(units)
        self._keys: dict[str, dict[Key, str]] = {}
        self._found_in: Counter[Key] = Counter()
        self._said: dict[str, _Said] = defaultdict(_Said)
        for unit in units:
            self._found_in.update(self._phrases(unit).keys())
            self._hear(unit)

    def terms(self, sayings: Sequence[Unit], copies: Sequence[Unit]) -> tuple[str, ...]:
        """The phrases that stand for a group as it writes them most often, most telling first; maybe none.

        `sayings` are its different sentences, which decide what is said often; `copies` are all its units, which
        decide what is its own.
        """
        inside: Counter[Key] = Counter()
        forms: dict[Key, Counter[str]] = defaultdict(Counter)
        for unit in sayings:
            for key, form in self._phrases(unit).items():
                inside[key] += 1
                forms[key][form] += 1
        least = max(2, MIN_SHARE * len(sayings))
        often = {key for key, count in inside.items() if count >= least}
        own = Counter(key for unit in copies for key in self._phrases(unit) if key in often)
        named = [key for key in often if self._may_name(key, own[key])]
        ranked = sorted(named, key=lambda key: (-self._score(key, inside[key]), key))
        return tuple(_usual(forms[key]) for key in _different(_whole(ranked, inside))[:TERMS])

    def label(self, terms: Sequence[str], sayings: Sequence[Unit]) -> str:
        """One phrase, or two where the first does not stand for the group; empty where they do not either."""
        for shown in (terms[:1], terms[:2]):
            least = TELLS if len(shown) == 1 else COVERED
            if shown and sum(self.says(unit, shown) for unit in sayings) >= least * len(sayings):
                label = " and ".join(shown)
                return label[:1].upper() + label[1:]
        return ""

    def says(self, unit: Unit, terms: Sequence[str]) -> bool:
        """Whether the unit says one of the terms, in whatever form."""
        return any(tuple(_root(word) for word in term.split()) in self._phrases(unit) for term in terms)

    def _score(self, key: Key, count: int) -> float:
        rarity = math.log(1 + self._size / self._found_in[key])
        return count * rarity * (1 + len(key)) * (0.3 + self._noun(key[-1]))

    def _may_name(self, key: Key, count: int) -> bool:
        own = count >= OWN * self._found_in[key]
        return own and (len(key) > 1 or self._noun(key[0]) >= MIN_NOUN)

    def _noun(self, word: str) -> float:
        said = self._said[word]
        return said.as_noun / said.times if said.times else 0.0

    def _hear(self, unit: Unit) -> None:
        for clause in clauses(unit.text):
            for place, word in enumerate(clause):
                said = self._said[_root(word)]
                said.times += 1
                said.as_noun += _ends_phrase(clause, place)

    def _phrases(self, unit: Unit) -> dict[Key, str]:
        """The unit's phrases by their stems, as they are written."""
        if unit.text_hash not in self._keys:
            self._keys[unit.text_hash] = {
                tuple(_root(word) for word in phrase): " ".join(phrase)
                for clause in clauses(unit.text)
                for phrase in _spans(clause)
            }
        return self._keys[unit.text_hash]


def _usual(forms: Counter[str]) -> str:
    return min(forms, key=lambda form: (-forms[form], form))


def _root(word: str) -> str:
    return stem(word)[:_ROOT]


def _spans(clause: Sequence[str]) -> Iterator[Sequence[str]]:
    """Runs of words that may be a name: no filler, tone or stop word at the edges, only links within."""
    named = [names_something(word) and word not in TONE_WORDS and word not in FILLERS for word in clause]
    for start in range(len(clause)):
        for end in range(start + 1, min(start + LONGEST, len(clause)) + 1):
            if named[start] and named[end - 1] and _inner(clause[start + 1 : end - 1]):
                yield clause[start:end]


def _inner(words: Sequence[str]) -> bool:
    return all(word in _LINKS or (word not in STOP_WORDS and word not in TONE_WORDS) for word in words)


def _ends_phrase(clause: Sequence[str], place: int) -> bool:
    """Whether the word ends a noun phrase: an article or the like shortly before it and no content word behind."""
    if place + 1 < len(clause) and clause[place + 1] not in STOP_WORDS:
        return False
    before = clause[max(0, place - 1 - _REACH) : place]
    for nearer in reversed(before):
        if nearer in DETERMINERS:
            return True
        if nearer in STOP_WORDS or nearer in NEGATIONS:
            return False
    return False


def _whole(ranked: Sequence[Key], inside: Counter[Key]) -> list[Key]:
    """Without the words that are mostly said as part of a longer phrase, and without phrases that a word outdoes."""
    swallowed = set()
    for key in ranked:
        for other in ranked:
            if len(other) > len(key) and _within(key, other):
                swallowed.add(key if inside[other] >= LONGER * inside[key] else other)
    return [key for key in ranked if key not in swallowed]


def _within(key: Key, longer: Key) -> bool:
    return any(longer[start : start + len(key)] == key for start in range(len(longer) - len(key) + 1))


def _different(ranked: Sequence[Key]) -> list[Key]:
    """The phrases that share no word with one before them."""
    chosen: list[Key] = []
    said: set[str] = set()
    for key in ranked:
        roots = {word[:5] for word in key if word not in STOP_WORDS}
        if not roots & said:
            chosen.append(key)
            said |= roots
    return chosen
