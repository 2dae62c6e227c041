"""Cues: phrases that stand for something, found in a text.

A cue is written in words: `wash*` is any word that begins with "wash", `#` a number in digits or words, `(a|b c|)` a
choice that may be empty. Case and hyphens do not matter ("rip off", "Rip-off"); other punctuation ends a phrase. Every
cue is a regular expression that is tried only where its first word stands, so the time for a text hardly depends on
the number of cues.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Generic, NamedTuple, TypeVar

from millrace.nlp.errors import InvalidCues

Payload = TypeVar("Payload")

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_GROUP = re.compile(r"\(([^()]*)\)")
_ALLOWED = re.compile(r"[\w '#*()|]+")
_COUNTS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand"
)
_COUNT_SET = frozenset(_COUNTS.split())
_COUNT = "|".join(_COUNTS.split())
# Bounded repeats: a page of spaces or of numbers must not take seconds.
_BETWEEN = r"[\s\-/]{0,3}"
_NUMBER = rf"(?:\d+(?:[.,]\d+)?|(?:{_COUNT})(?:[\s\-]+(?:{_COUNT})){{0,3}})"
_MET = 20_000
"""Words whose cues are kept at hand: some megabytes a book."""
_END = r"(?![^\W_])"


class Word(NamedTuple):
    """A word of a text, in lower case, with its place."""

    text: str
    start: int
    end: int


class Found(NamedTuple, Generic[Payload]):
    """A cue at its place in a text."""

    start: int
    end: int
    payload: Payload


def plain(text: str) -> str:
    """The text with typographic apostrophes as plain ones; offsets stay as they are."""
    return text.replace("\u2019", "'")


def words(text: str) -> list[Word]:
    """The words of a text in order. Digits are words; "don't" is one word."""
    return [Word(match[0].lower(), match.start(), match.end()) for match in _WORD.finditer(plain(text))]


@dataclass(frozen=True)
class _Cue(Generic[Payload]):
    pattern: re.Pattern[str]
    payload: Payload


class CueBook(Generic[Payload]):
    """Cues by their first word."""

    def __init__(self, cues: Iterable[tuple[str, Payload]]) -> None:
        """InvalidCues when a phrase is not written as this module says."""
        self._exact: dict[str, list[_Cue[Payload]]] = {}
        self._stems: dict[str, list[_Cue[Payload]]] = {}
        for phrase, payload in cues:
            cue = _Cue(_pattern(phrase), payload)
            for first in sorted(_first_words(phrase)):
                shelf = self._stems if first.endswith("*") else self._exact
                shelf.setdefault(first.rstrip("*"), []).append(cue)
        self._stem_sizes = sorted({len(stem) for stem in self._stems})
        self._met: dict[str, tuple[_Cue[Payload], ...]] = {}

    def find(self, text: str, spoken: Iterable[Word]) -> Iterator[Found[Payload]]:
        """Every cue in the text, overlapping ones too; `spoken` are the text's words."""
        text = plain(text)
        for word in spoken:
            for cue in self._candidates(word.text):
                if match := cue.pattern.match(text, word.start):
                    yield Found(match.start(), match.end(), cue.payload)

    def _candidates(self, word: str) -> tuple[_Cue[Payload], ...]:
        """The cues that may begin with the word; words come again and again, so it is looked up once."""
        met = self._met.get(word)
        if met is None:
            if len(self._met) >= _MET:
                self._met.clear()
            met = self._met[word] = tuple(self._beginning(word))
        return met

    def _beginning(self, word: str) -> Iterator[_Cue[Payload]]:
        yield from self._exact.get(word, ())
        if word[0].isdigit() or word in _COUNT_SET:
            yield from self._exact.get("#", ())
        for size in self._stem_sizes:
            if size > len(word):
                return
            yield from self._stems.get(word[:size], ())


def _pattern(phrase: str) -> re.Pattern[str]:
    if not _ALLOWED.fullmatch(phrase) or _may_be_empty(phrase):
        raise InvalidCues(f"cannot read the cue {phrase!r}")
    source = phrase.replace("(", "(?:").replace("*", r"[\w']*").replace("#", _NUMBER).replace(" ", _BETWEEN)
    try:
        return re.compile(source + _END, re.IGNORECASE)
    except re.error as error:
        raise InvalidCues(f"cannot read the cue {phrase!r}") from error


def _first_words(phrase: str) -> set[str]:
    """The words that the phrase may begin with: the choices are written out up to the first word that is certain."""
    depth, end = 0, len(phrase)
    for place, letter in enumerate(phrase):
        depth += (letter == "(") - (letter == ")")
        if letter == " " and depth == 0 and not _may_be_empty(phrase[:place]):
            end = place
            break
    firsts = {spelling.split()[0] for spelling in _spellings(phrase[:end])}
    return {first.replace("'*", "*") for first in firsts}


def _may_be_empty(phrase: str) -> bool:
    """Whether all words of the phrase are choices that may be left out."""
    pieces = _GROUP.split(phrase)
    return all(
        any(not each.strip() for each in (piece.split("|") if n % 2 else [piece])) for n, piece in enumerate(pieces)
    )


def _spellings(phrase: str) -> list[str]:
    pieces = _GROUP.split(phrase)
    choices = [piece.split("|") if place % 2 else [piece] for place, piece in enumerate(pieces)]
    return ["".join(choice) for choice in product(*choices)]
