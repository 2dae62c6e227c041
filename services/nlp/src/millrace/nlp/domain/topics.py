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
from millrace.nlp.domain.labels import Corpus, spelled, subject_words
from millrace.nlp.domain.lexical import normalised
from millrace.nlp.domain.units import Unit, feedback
from millrace.nlp.domain.vectors import UnitVectors

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
SHOWN = 10
QUOTES = 3
MIN_SUBJECTS = 2
"""Words that a unit must have beyond tone to be about something: "love this top" has one."""


@dataclass(frozen=True)
class _Group:
    units: list[Unit]
    """One per text, the nearest to the group's centre first."""
    copies: list[Unit]
    """All units with these texts."""


def find_topics(units: Sequence[Unit], vectors: UnitVectors) -> Topics:
    """The largest topics among the customers' units that have a vector and no theme."""
    seen, left = _look_at([unit for unit in feedback(units) if unit.unit_id in vectors])
    if len(left) < MIN_TEXTS:
        note = f"{len(left)} texts with a vector have no theme; topics need {MIN_TEXTS}."
        return Topics(units=len(seen), note=note)
    corpus = Corpus(seen)
    least = max(MIN_SIZE, math.ceil(math.sqrt(len(seen)) / 8))
    groups = [group for group in _groups(left, vectors) if len(group.copies) >= least]
    named = [(corpus.terms(group.copies), group) for group in groups]
    topics = [_topic(terms, group, len(seen)) for terms, group in named if terms]
    topics.sort(key=lambda topic: (-topic.units, topic.id))
    note = "" if topics else "What the taxonomy leaves over forms no groups."
    return Topics(topics=tuple(topics[:SHOWN]), units=len(seen), note=note)


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
    """Groups by average linkage on what the vectors have beyond their common direction."""
    firsts = [copies[0] for copies in left.values()]
    rows = vectors.of([unit.unit_id for unit in firsts])
    own = normalised(rows - rows.mean(axis=0))
    members: dict[int, list[int]] = defaultdict(list)
    for place, name in enumerate(_joined(own).tolist()):
        members[name].append(place)
    groups = []
    for places in members.values():
        nearness = own[places] @ own[places].mean(axis=0)
        ordered = [firsts[places[place]] for place in np.argsort(-nearness, kind="stable")]
        groups.append(_Group(ordered, [copy for unit in ordered for copy in left[unit.text_hash]]))
    return groups


def _joined(rows: NDArray[np.float32]) -> NDArray[np.int32]:
    """The number of each row's group."""
    distances = np.clip(1 - rows @ rows.T, 0, None).astype(np.float64)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), method="average")
    return np.asarray(fcluster(tree, t=APART, criterion="distance"), dtype=np.int32)


def _topic(terms: tuple[str, ...], group: _Group, looked_at: int) -> Topic:
    words = spelled(terms, group.copies)
    tone = math.fsum(unit.sentiment for unit in group.copies) / len(group.copies)
    return Topic(
        id=_stable_id(terms), label=", ".join(words[:3]), terms=words, units=len(group.copies),
        share=round(len(group.copies) / looked_at, 4), sentiment=round(tone, 4), quotes=_quotes(group.units),
    )  # fmt: skip


def _stable_id(terms: Sequence[str]) -> str:
    """The same leading terms give the same id in every run."""
    return f"topic_{hashlib.blake2b(' '.join(sorted(terms[:2])).encode(), digest_size=4).hexdigest()}"


def _quotes(units: Sequence[Unit]) -> tuple[Quote, ...]:
    """The units nearest to the centre, one per record."""
    by_record = {unit.record_id: unit for unit in reversed(units)}
    nearest = [unit for unit in units if by_record[unit.record_id] is unit]
    return tuple(unit.quote() for unit in nearest[:QUOTES])
