"""Pure measures: of spans, labels, groups and pairs. Each is held to values worked out by hand in test_metrics.py."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple


class Span(NamedTuple):
    """Characters of a text from `start` to before `end`, and what they are."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Spans:
    """How far masks hit what was to be masked."""

    found: int
    """Planted spans that a mask of their kind covers whole."""
    planted: int
    right: int
    """Masks that overlap a planted span of their kind."""
    masks: int

    def __add__(self, other: "Spans") -> "Spans":
        mine, theirs = (self.found, self.planted, self.right, self.masks), (
            other.found, other.planted, other.right, other.masks
        )  # fmt: skip
        return Spans(*(a + b for a, b in zip(mine, theirs, strict=True)))


NO_SPANS = Spans(0, 0, 0, 0)


def match_spans(planted: Sequence[Span], masks: Sequence[Span]) -> Spans:
    """A mask that is too short leaves something to read, so it has not found the string; one too long has."""
    found = sum(any(m.kind == p.kind and m.start <= p.start and p.end <= m.end for m in masks) for p in planted)
    right = sum(any(m.kind == p.kind and m.start < p.end and p.start < m.end for p in planted) for m in masks)
    return Spans(found, len(planted), right, len(masks))


_PSEUDONYM = re.compile(r"\[([A-Z]+)_\d+\]")


def masked_spans(raw: str, masked: str) -> list[Span] | None:
    """Where in the raw text the masks stand; None when the masked text is not the raw one with masks in it.

    Masks of one kind with nothing but a comma or space between them are one: a street and its town, say.
    """
    marks = list(_PSEUDONYM.finditer(masked))
    edges = [0, *(place for mark in marks for place in mark.span()), len(masked)]
    between = [masked[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    # Greedy: a mask takes as much as the text around it leaves.
    match = re.fullmatch("(.+)".join(map(re.escape, between)), raw, re.DOTALL)
    if match is None:
        return None
    spans: list[Span] = []
    for number, mark in enumerate(marks, start=1):
        span = Span(mark[1].lower(), *match.span(number))
        last = spans[-1] if spans else None
        if last and last.kind == span.kind and not raw[last.end : span.start].strip(" ,"):
            span = Span(span.kind, spans.pop().start, span.end)
        spans.append(span)
    return spans


def macro_f1(pairs: Iterable[tuple[str, str]]) -> float:
    """Mean F1 over the labels that occur; of pairs of a true and a given label."""
    counts = Counter(pairs)
    labels = sorted({true for true, _ in counts})
    scores = []
    for label in labels:
        hits = counts[label, label]
        true = sum(number for (each, _), number in counts.items() if each == label)
        given = sum(number for (_, each), number in counts.items() if each == label)
        scores.append(2 * hits / (true + given))
    return sum(scores) / len(scores)


def micro_f1(pairs: Iterable[tuple[frozenset[str], frozenset[str]]]) -> float:
    """F1 over all labels of all lines together; 1 when there are none and none was given."""
    hits = true = given = 0
    for wanted, got in pairs:
        hits, true, given = hits + len(wanted & got), true + len(wanted), given + len(got)
    return 2 * hits / (true + given) if true + given else 1.0


@dataclass(frozen=True)
class Pairs:
    """How far given pairs are the true ones."""

    hits: int
    given: int
    true: int

    def __add__(self, other: "Pairs") -> "Pairs":
        return Pairs(self.hits + other.hits, self.given + other.given, self.true + other.true)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 when there are no pairs and none was given."""
        return 2 * self.hits / (self.given + self.true) if self.given + self.true else 1.0


def match_pairs(true: Iterable[Iterable[str]], given: Iterable[Iterable[str]]) -> Pairs:
    """Pairs within the true and the given clusters; clusters that share a member are one."""
    wanted, got = pairs_of(true), pairs_of(given)
    return Pairs(len(wanted & got), len(got), len(wanted))


def pairs_of(clusters: Iterable[Iterable[str]]) -> set[tuple[str, str]]:
    """Every pair of members of one cluster, each in order."""
    return {pair for members in _merged(clusters) for pair in combinations(sorted(members), 2)}


def _merged(clusters: Iterable[Iterable[str]]) -> list[set[str]]:
    merged: list[set[str]] = []
    for cluster in map(set, clusters):
        touching = [each for each in merged if each & cluster]
        merged = [each for each in merged if not each & cluster] + [cluster.union(*touching)]
    return merged


@dataclass(frozen=True)
class Recovered:
    """How well the best-matching of several groups recovers the planted one."""

    purity: float
    """Share of its members that are planted."""
    recall: float
    """Share of the planted members that it has."""


def recovered(planted: int, groups: Iterable[tuple[int, int]]) -> Recovered:
    """Of the group with most of so many planted members, the smaller of two with as many; zeros when none has any.

    Each group is how many planted members it has and how many members at all.
    """
    hits, size = max(groups, key=lambda group: (group[0], -group[1]), default=(0, 0))
    return Recovered(hits / size, hits / planted) if hits else Recovered(0.0, 0.0)
