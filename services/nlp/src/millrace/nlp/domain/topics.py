"""Topics: groups of similar units that the taxonomy does not name."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from millrace.contracts.insights import Quote, Topic, Topics
from millrace.nlp.domain.lexical import normalised
from millrace.nlp.domain.naming import Namer
from millrace.nlp.domain.recognition import Known, recognise, remember
from millrace.nlp.domain.shingles import folded, jaccard, shingles
from millrace.nlp.domain.units import Unit, feedback
from millrace.nlp.domain.vectors import UnitVectors
from millrace.nlp.domain.vocabulary import subject_words

MIN_TEXTS = 30
"""Different texts that the taxonomy leaves over, below which nothing can be said about their groups."""
MAX_TEXTS = 1500
"""More are not compared: time grows with the square of their number."""
APART = 0.8
"""Cosine distance at which groups are no longer joined. Three topics of ten sentences each, planted into reviews of
restaurants and of clothes, were found as groups of 54 of the 60 sentences with 2 others among them; HDBSCAN, Ward,
average linkage on the vectors as they are, and other thresholds found fewer or mixed in more."""
MIN_SIZE = 4
"""Least units of a topic; it grows with the root of the number of those looked at, to 13 for 10,000."""
MIN_SAYINGS = 4
"""Least number of different sentences: one sentence that many copied is a duplicate, not a topic."""
SAME = 0.5
"""Share of all shingles from which two texts are one saying: a typo, another number, another ending."""
ROUNDS = 5
KEPT = 0.8
STABLE = 0.5
"""A topic must be found again in `ROUNDS` samples of `KEPT` of the texts: mean Jaccard similarity (Hennig 2007,
"Cluster-wise assessment of cluster stability") of at least this, below which a cluster is taken for an accident."""
SHOWN = 10
QUOTES = 3
MIN_SUBJECTS = 2
"""Words that a unit must have beyond tone to be about something: "love this top" has one."""


@dataclass(frozen=True)
class _Group:
    units: list[Unit]
    """One per saying, the nearest to the group's centre first."""
    copies: list[Unit]
    """All units that say it."""
    centre: NDArray[np.float32]
    """Mean of their vectors, of length 1."""


@dataclass(frozen=True)
class _Named:
    group: _Group
    terms: tuple[str, ...]
    label: str


def find_topics(units: Sequence[Unit], vectors: UnitVectors, known: Sequence[Known] = ()) -> tuple[Topics, list[Known]]:
    """The largest topics among the customers' units that have a vector and no theme, and what to know the next time.

    `known` are the topics of earlier batches.
    """
    seen, left = _look_at([unit for unit in feedback(units) if unit.unit_id in vectors])
    if len(left) < MIN_TEXTS:
        note = f"{len(left)} texts with a vector have no theme; topics need {MIN_TEXTS}."
        return Topics(units=len(seen), note=note), list(known)
    namer = Namer(seen)
    least = max(MIN_SIZE, math.ceil(math.sqrt(len(seen)) / 8))
    groups = [group for group in _groups(left, vectors) if len(group.copies) >= least]
    named = [topic for group in groups if (topic := _named(namer, group)) is not None]
    named.sort(key=lambda topic: (-len(topic.group.copies), topic.terms))
    recognised = recognise([(topic.terms[0], topic.group.centre) for topic in named[:SHOWN]], known)
    topics = tuple(_topic(topic, each.id, namer, len(seen)) for topic, each in zip(named, recognised, strict=False))
    note = "" if topics else "What the taxonomy leaves over forms no groups that can be named."
    return Topics(topics=topics, units=len(seen), note=note), remember(known, recognised)


def _look_at(units: Sequence[Unit]) -> tuple[list[Unit], dict[str, list[Unit]]]:
    """The units looked at, and among them by text those that are about something without a theme.

    All units if there is room; else as many as leave `MAX_TEXTS`, in an order that has nothing to do with the text,
    so that a topic's share of those looked at is its share of all.
    """
    seen: list[Unit] = []
    left: dict[str, list[Unit]] = defaultdict(list)
    for unit in sorted(units, key=lambda each: hashlib.blake2b(each.text_hash.encode()).digest()):
        if not unit.themes and len(subject_words(unit.text)) >= MIN_SUBJECTS:
            if len(left) == MAX_TEXTS and unit.text_hash not in left:
                break
            left[unit.text_hash].append(unit)
        seen.append(unit)
    return seen, left


def _groups(left: dict[str, list[Unit]], vectors: UnitVectors) -> list[_Group]:
    """Groups by average linkage on what the vectors have beyond their common direction, as far as they are stable."""
    firsts = [copies[0] for copies in left.values()]
    rows = vectors.of([unit.unit_id for unit in firsts])
    own = normalised(rows - rows.mean(axis=0))
    groups = []
    for members in _stable(own):
        nearness = own[members] @ own[members].mean(axis=0)
        ordered = [firsts[place] for place in members[np.argsort(-nearness, kind="stable")].tolist()]
        sayings = _sayings(ordered)
        if len(sayings) >= MIN_SAYINGS:
            copies = [copy for unit in ordered for copy in left[unit.text_hash]]
            groups.append(_Group(sayings, copies, normalised(rows[members].mean(axis=0, keepdims=True))[0]))
    return groups


def _sayings(units: Sequence[Unit]) -> list[Unit]:
    """The units without those that say what one before them says."""
    chosen: list[tuple[Unit, NDArray[np.uint32]]] = []
    for unit in units:
        said = shingles(folded(unit.text))
        if all(jaccard(said, other) < SAME for _, other in chosen):
            chosen.append((unit, said))
    return [unit for unit, _ in chosen]


def _stable(rows: NDArray[np.float32]) -> list[NDArray[np.intp]]:
    """Places of the rows of each group that is found again in samples of the rows."""
    distances = np.clip(1 - rows @ rows.T, 0, None).astype(np.float64)
    np.fill_diagonal(distances, 0)
    found = [members for members in _joined(distances) if len(members) >= MIN_SAYINGS]
    again = np.zeros(len(found))
    rng = np.random.default_rng(0)
    for _ in range(ROUNDS if found else 0):
        sample = np.sort(rng.permutation(len(rows))[: max(2, round(KEPT * len(rows)))])
        others = [set(sample[members].tolist()) for members in _joined(distances[np.ix_(sample, sample)])]
        drawn = [set(members.tolist()) & set(sample.tolist()) for members in found]
        again += [
            max((len(own & other) / len(own | other) for other in others if own & other), default=0) for own in drawn
        ]
    return [members for members, score in zip(found, again.tolist(), strict=True) if score >= STABLE * ROUNDS]


def _joined(distances: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """Places of the members of each group."""
    if len(distances) < 2:
        return []
    tree = linkage(squareform(distances, checks=False), method="average")
    names = fcluster(tree, t=APART, criterion="distance")
    order = np.argsort(names, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(names[order])) + 1)


def _named(namer: Namer, group: _Group) -> _Named | None:
    """The group with its name; None when it has none that says what it is about."""
    terms = namer.terms(group.units, group.copies)
    label = namer.label(terms, group.units)
    return _Named(group, terms, label) if label else None


def _topic(named: _Named, topic_id: str, namer: Namer, looked_at: int) -> Topic:
    copies = named.group.copies
    tone = math.fsum(unit.sentiment for unit in copies) / len(copies)
    return Topic(
        id=topic_id, label=named.label, terms=named.terms, units=len(copies), share=round(len(copies) / looked_at, 4),
        sentiment=round(tone, 4),
        quotes=_quotes([unit for unit in named.group.units if namer.says(unit, named.terms[:2])]),
    )  # fmt: skip


def _quotes(units: Sequence[Unit]) -> tuple[Quote, ...]:
    """The units nearest to the centre, one per record."""
    by_record = {unit.record_id: unit for unit in reversed(units)}
    nearest = [unit for unit in units if by_record[unit.record_id] is unit]
    return tuple(unit.quote() for unit in nearest[:QUOTES])
