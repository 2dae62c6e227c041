"""An extractive summary: sentences of the feedback itself that stand for the rest."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from millrace.contracts.insights import Summary
from millrace.nlp.domain.lexical import lexical_vectors, normalised
from millrace.nlp.domain.sentiment import label
from millrace.nlp.domain.units import Unit, readable
from millrace.nlp.domain.vectors import UnitVectors
from millrace.nlp.domain.vocabulary import subject_words

SENTENCES = 3
NOVELTY = 0.4
"""Weight of being unlike what was already chosen against being central (MMR, Carbonell and Goldstein 1998). With 0.5
the second sentence of the sample reviews was an odd one."""
REPEATS = 0.8
"""Cosine from which a sentence says what a chosen one says."""
PRESENT = 0.1
"""Least share of all units from which a tone is represented."""
MIN_VECTORS = 30
"""Below it the sample is too thin to have a centre, and the words of all units are used."""
MAX_CANDIDATES = 2000
_MIN_WORDS, _MAX_WORDS = 6, 40
_MIN_SUBJECTS = 3


@dataclass(frozen=True)
class _Pool:
    """The sentences of one tone that may be chosen."""

    units: list[Unit]
    vectors: NDArray[np.float32]


def summarize(units: Sequence[Unit], vectors: UnitVectors) -> Summary:
    """At most three sentences; negative and positive ones where both are present."""
    counted = readable(units)
    sample, rows, note = _space(counted, vectors)
    wanted = _quota(counted)
    chosen: list[Unit] = []
    taken = np.zeros((0, rows.shape[1]), dtype=np.float32)
    for tone, count in wanted:
        pool = _pool(sample, rows, tone)
        picked = _pick(pool, taken, count)
        chosen += [pool.units[place] for place in picked]
        taken = np.concatenate([taken, pool.vectors[picked]])
    if not chosen:
        return Summary(note="No sentence is long enough to stand for the rest.")
    return Summary(sentences=tuple(unit.quote() for unit in chosen), note=note)


def _space(units: Sequence[Unit], vectors: UnitVectors) -> tuple[list[Unit], NDArray[np.float32], str]:
    """The sample, its vectors, and how they came about."""
    embedded = [unit for unit in units if unit.unit_id in vectors]
    if len(embedded) >= MIN_VECTORS:
        sample = _sample(embedded)
        return sample, vectors.of([unit.unit_id for unit in sample]), ""
    sample = _sample(units)
    return sample, lexical_vectors([unit.text for unit in sample]), "Chosen by words: too few units have a vector."


def _sample(units: Sequence[Unit]) -> list[Unit]:
    """At most `MAX_CANDIDATES` units, one per text, in a stable order that has nothing to do with the text."""
    distinct = {unit.text_hash: unit for unit in reversed(units)}
    ordered = sorted(distinct.values(), key=lambda unit: hashlib.blake2b(unit.unit_id.encode()).digest())
    return ordered[:MAX_CANDIDATES]


def _quota(units: Sequence[Unit]) -> list[tuple[str, int]]:
    """How many sentences of which tone: the larger one has two."""
    tones = [label(unit.sentiment) for unit in units]
    counts = {tone: tones.count(tone) for tone in ("negative", "positive")}
    present = [tone for tone, count in counts.items() if count and count >= PRESENT * len(units)]
    if not present:
        return [("", SENTENCES)]
    if len(present) == 1:
        return [(present[0], SENTENCES)]
    first, second = sorted(present, key=lambda tone: (-counts[tone], tone))
    return [(first, SENTENCES - 1), (second, 1)]


def _pool(sample: Sequence[Unit], rows: NDArray[np.float32], tone: str) -> _Pool:
    places = [place for place, unit in enumerate(sample) if not tone or label(unit.sentiment) == tone]
    return _Pool([sample[place] for place in places], rows[places])


def _pick(pool: _Pool, taken: NDArray[np.float32], count: int) -> list[int]:
    """Places of up to `count` sentences near the pool's centre, unlike each other and what is taken."""
    readable = np.array([_readable(unit) for unit in pool.units], dtype=np.bool_)
    if not readable.any():
        return []
    centre = normalised(pool.vectors.mean(axis=0, keepdims=True))[0]
    central = np.where(readable, pool.vectors @ centre, -np.inf)
    picked: list[int] = []
    while len(picked) < count:
        before = np.concatenate([taken, pool.vectors[picked]])
        alike = (pool.vectors @ before.T).max(axis=1, initial=0)
        alike[picked] = 1
        score = np.where(alike < REPEATS, (1 - NOVELTY) * central - NOVELTY * alike, -np.inf)
        if score.max() == -np.inf:
            break
        picked.append(int(score.argmax()))
    return picked


def _readable(unit: Unit) -> bool:
    """Whether the sentence says something by itself."""
    return _MIN_WORDS <= len(unit.text.split()) <= _MAX_WORDS and len(subject_words(unit.text)) >= _MIN_SUBJECTS
