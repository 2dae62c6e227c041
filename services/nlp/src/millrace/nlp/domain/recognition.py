"""Topics known from earlier batches: the same subject keeps its id, whatever words its people choose this time.

A topic that is near a remembered one takes its id. Any other gets one from its leading term, so that the same subject
mostly has the same id even where nothing is remembered.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from millrace.nlp.domain.lexical import normalised
from millrace.nlp.domain.vocabulary import stem

NEAR = 0.75
"""Cosine of two centres from which they are one topic. Of made-up lines on nine subjects, the centres of eight to
thirteen each, two different subjects had 0.73 at most and one subject twice 0.76 to 0.83 in the median."""
NEAR_BY_NAME = 0.55
"""The same for topics of one leading term: one subject twice had more in 95 of 100 draws of eight lines."""
FADING = 0.7
"""Weight of a remembered centre against the new one, so that it follows its subject slowly."""
KEPT = 200
"""Topics that are remembered, the last seen first."""


@dataclass(frozen=True)
class Known:
    """A topic as it is recognised."""

    id: str
    term: str
    """Its leading term."""
    centre: NDArray[np.float32]
    """Mean of its vectors, of length 1."""


def recognise(found: Sequence[tuple[str, NDArray[np.float32]]], known: Sequence[Known]) -> list[Known]:
    """The topics with their ids, in their order; `found` are leading terms and centres."""
    pairs = sorted(
        ((float(centre @ old.centre), place, number) for place, (_, centre) in enumerate(found)
         for number, old in enumerate(known)),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )  # fmt: skip
    matched: dict[int, Known] = {}
    for likeness, place, number in pairs:
        old = known[number]
        near = NEAR_BY_NAME if _root(found[place][0]) == _root(old.term) else NEAR
        if likeness >= near and place not in matched and all(old is not other for other in matched.values()):
            matched[place] = old
    taken = {old.id for old in known}
    return [_named(term, centre, matched.get(place), taken) for place, (term, centre) in enumerate(found)]


def remember(known: Sequence[Known], found: Sequence[Known]) -> list[Known]:
    """What to know the next time."""
    seen = {topic.id for topic in found}
    return [*found, *(topic for topic in known if topic.id not in seen)][:KEPT]


def _named(term: str, centre: NDArray[np.float32], old: Known | None, taken: set[str]) -> Known:
    if old is not None:
        return Known(old.id, term, normalised((FADING * old.centre + (1 - FADING) * centre)[None])[0])
    fresh = next(each for each in _ids(term) if each not in taken)
    taken.add(fresh)
    return Known(fresh, term, centre)


def _ids(term: str) -> Iterable[str]:
    for number in count():
        digest = hashlib.blake2b(f"{_root(term)}/{number}".encode(), digest_size=4)
        yield f"topic_{digest.hexdigest()}"


def _root(term: str) -> str:
    return " ".join(stem(word)[:6] for word in term.split())
