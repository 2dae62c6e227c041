"""Key phrases: two or three words that stand together more often than chance would have it."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from millrace.contracts.insights import Phrase, Phrases
from millrace.nlp.domain.units import Unit, readable
from millrace.nlp.domain.vocabulary import NEGATIONS, STOP_WORDS, TONE_WORDS, clauses, names_something, stem

SHOWN = 25
MIN_COHESION = 0.15
"""Least normalised pointwise mutual information, which is 0 by chance and 1 for words that never stand apart."""
SWALLOWED = 0.6
"""A phrase is part of a longer one when at least this share of its records has the longer one."""

_stem = cache(stem)
Key = tuple[str, ...]


@dataclass
class _Seen:
    """Where a phrase stands and how it is written."""

    records: dict[str, list[float]] = field(default_factory=dict)
    forms: Counter[str] = field(default_factory=Counter)


def find_phrases(units: Sequence[Unit], shown: int = SHOWN) -> Phrases:
    """The most telling phrases of what customers wrote, each counted once per record."""
    counted = readable(units)
    words: Counter[str] = Counter()
    seen: dict[Key, _Seen] = defaultdict(_Seen)
    occurrences: Counter[Key] = Counter()
    for unit in counted:
        for clause in clauses(unit.text):
            stems = [_stem(word) for word in clause]
            words.update(stems)
            for start, end in _spans(clause):
                key = tuple(stems[start:end])
                _note(seen[key], unit, " ".join(clause[start:end]))
                occurrences[key] += 1
    least = _least_records(len({unit.record_id for unit in counted}))
    often = {key: each for key, each in seen.items() if len(each.records) >= least}
    scored = {key: _cohesion(key, occurrences[key], words) * len(each.records) for key, each in often.items()}
    kept = {key: often[key] for key, score in scored.items() if score >= MIN_COHESION * len(often[key].records)}
    ranked = sorted(_unswallowed(kept), key=lambda key: (-scored[key], key))
    chosen = _distinct(ranked, kept, shown)
    return Phrases(phrases=tuple(_phrase(seen[key], scored[key]) for key in chosen))


def _least_records(records: int) -> int:
    """Two records are a coincidence in a large batch: three beyond 100 records, four beyond 1,000."""
    return max(2, math.ceil(math.log10(max(records, 1))))


def _spans(clause: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Places of the phrases: no stop word at the edges, except a negation in front."""
    names = [names_something(word) for word in clause]
    for start, word in enumerate(clause):
        if not names[start] and word not in NEGATIONS:
            continue
        if start + 1 < len(clause) and names[start + 1] and _telling(clause[start : start + 2]):
            yield start, start + 2
        if start + 2 < len(clause) and names[start + 2] and _telling(clause[start : start + 3]):
            yield start, start + 3


def _telling(phrase: Sequence[str]) -> bool:
    """Whether the phrase is about something: "arm holes" and "true to size" are, "love this top" is not."""
    first, last = phrase[0], phrase[-1]
    linked = len(phrase) == 3 and phrase[1] in STOP_WORDS
    if linked and (first in NEGATIONS or first in TONE_WORDS or last in TONE_WORDS):
        return False
    return len(set(phrase)) == len(phrase) and any(word not in TONE_WORDS and word not in STOP_WORDS for word in phrase)


def _note(seen: _Seen, unit: Unit, form: str) -> None:
    seen.records.setdefault(unit.record_id, []).append(unit.sentiment)
    seen.forms[form] += 1


def _cohesion(key: Key, count: int, words: Counter[str]) -> float:
    """Normalised pointwise mutual information (Bouma 2009), for three words divided by one more (Van de Cruys 2011)."""
    total = words.total()
    joint = math.log(count / total)
    apart = math.fsum(math.log(words[word] / total) for word in key)
    return (joint - apart) / (-joint * (len(key) - 1))


def _unswallowed(kept: dict[Key, _Seen]) -> list[Key]:
    """The phrases that are not merely a piece of a longer one."""
    swallowed = set()
    for key, longer in kept.items():
        for part in (key[:-1], key[1:]) if len(key) == 3 else ():
            shorter = kept.get(part)
            if shorter and len(longer.records) >= SWALLOWED * len(shorter.records):
                swallowed.add(part)
    return [key for key in kept if key not in swallowed]


def _distinct(ranked: Sequence[Key], kept: dict[Key, _Seen], shown: int) -> list[Key]:
    """The first phrases of the ranking, less those that say or count what one before them does."""
    chosen: list[Key] = []
    for key in ranked:
        if not any(_repeats(key, other, kept) for other in chosen):
            chosen.append(key)
        if len(chosen) == shown:
            break
    return chosen


def _repeats(key: Key, other: Key, kept: dict[Key, _Seen]) -> bool:
    """Whether both have the same words ("food and service"), or share one and most records."""
    if not set(key) & set(other):
        return False
    records = kept[key].records.keys()
    shared = len(records & kept[other].records.keys())
    return set(key) == set(other) or shared >= SWALLOWED * len(records)


def _phrase(seen: _Seen, score: float) -> Phrase:
    form = min(seen.forms, key=lambda text: (-seen.forms[text], text))
    tones = [math.fsum(each) / len(each) for each in seen.records.values()]
    return Phrase(
        text=form, records=len(seen.records), score=round(score, 3), sentiment=round(math.fsum(tones) / len(tones), 4)
    )
