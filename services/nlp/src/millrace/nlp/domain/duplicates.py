"""Records that say nearly the same: found by MinHash (Broder 1997) with banding, verified by their exact similarity."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from datasketch import MinHash  # type: ignore[import-untyped]
from numpy.typing import NDArray

from millrace.contracts.insights import DuplicateCluster, Duplicates, Quote
from millrace.nlp.domain.intervals import wilson
from millrace.nlp.domain.shingles import folded, jaccard, shingles

LEAST = 0.65
"""Share of all shingles that two near-duplicates have in common. On copies of made-up texts with typos, swapped words
and words before or behind, among texts that share sentences, pair F1 was 0.95 to 1.0 (0.94 to 1.0 at 0.6)."""
SHORT = 24
"""Folded texts of fewer characters ("great product") are alike by chance and are not compared."""
PERMUTATIONS, BANDS = 128, 32
"""Bands of four: of the pairs at `LEAST` 998 of 1,000 meet in one, of those at 0.1 three."""
SEED = 1
QUOTED = 280
"""Characters of a quote."""
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one record says, masked."""

    record_id: str
    text: str
    created_at: datetime | None = None


@dataclass
class _Clusters:
    """Sets that are joined (union-find, Tarjan 1975); the smallest name stands for the set."""

    parents: dict[str, str] = field(default_factory=dict)

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.find(one), self.find(other)))
        self.parents[second] = first

    def find(self, name: str) -> str:
        while (parent := self.parents.get(name, name)) != name:
            self.parents[name] = self.parents.get(parent, parent)
            name = parent
        return name


def _always() -> bool:
    return True


def find_duplicates(
    records: Sequence[Written], keep_reading: Callable[[], bool], keep_comparing: Callable[[], bool] = _always
) -> tuple[Duplicates, int]:
    """The clusters of near-duplicates, and how many records were looked at before there was no more time.

    What is read is then compared: where texts share much and are no duplicates, that takes longer than reading them.
    """
    by_text: dict[str, list[Written]] = defaultdict(list)
    short = 0
    for record in records:
        text = folded(record.text)
        if len(text) < SHORT:
            short += 1
        else:
            by_text[text].append(record)
    # An order that has nothing to do with the text: every start of it is a sample.
    ordered = sorted(by_text, key=lambda text: hashlib.blake2b(text.encode()).digest())
    seen, clusters = _joined(ordered, keep_reading, keep_comparing)
    groups: dict[str, list[Written]] = defaultdict(list)
    for text in ordered[:seen]:
        groups[clusters.find(text)] += by_text[text]
    compared = sum(map(len, groups.values()))
    found = [_cluster(members) for members in groups.values() if len(members) > 1]
    found.sort(key=lambda cluster: (-len(cluster.records), cluster.id))
    repeats = sum(len(cluster.records) - 1 for cluster in found)
    return Duplicates(
        clusters=tuple(found), records=compared, share=wilson(repeats, compared) if compared else None,
        note=_note(short, len(records) - short - compared),
    ), compared + short  # fmt: skip


def _joined(
    texts: Sequence[str], keep_reading: Callable[[], bool], keep_comparing: Callable[[], bool]
) -> tuple[int, _Clusters]:
    """How many of the texts were compared, and which of them belong together."""
    clusters = _Clusters()
    hashes, sketches = _sketched(texts, keep_reading)
    for one, other in _candidates(sketches):
        if not keep_comparing():
            # The pairs are in order: those of all texts before this one were compared.
            return one, clusters
        left, right = texts[one], texts[other]
        if clusters.find(left) != clusters.find(right) and jaccard(hashes[one], hashes[other]) >= LEAST:
            clusters.join(left, right)
    return len(hashes), clusters


def _sketched(
    texts: Sequence[str], keep_reading: Callable[[], bool]
) -> tuple[list[NDArray[np.uint32]], NDArray[np.uint32]]:
    """Shingles and MinHash values of the texts that there was time for, which is asked for at each: some are long."""
    hashes: list[NDArray[np.uint32]] = []

    def read() -> Iterator[list[int]]:
        for text in texts:
            if not keep_reading():
                return
            hashes.append(shingles(text))
            yield hashes[-1].tolist()

    made = MinHash.generator(read(), num_perm=PERMUTATIONS, seed=SEED, hashfunc=_itself)
    sketches = [sketch.hashvalues for sketch in made]
    return hashes, np.array(sketches).reshape(-1, PERMUTATIONS)


def _itself(value: int) -> int:
    """The shingles are hashes already."""
    return value


def _candidates(sketches: NDArray[np.uint32]) -> list[tuple[int, int]]:
    """Pairs that agree in a band, by place. Of those that agree in the same one only neighbours: that joins them all.

    Sorted by numpy: datasketch's own tables take a dozen times as long.
    """
    pairs: set[tuple[int, int]] = set()
    for band in np.split(sketches, BANDS, axis=1):
        order = np.lexsort(band.T)
        agree = np.flatnonzero((band[order[1:]] == band[order[:-1]]).all(axis=1))
        pairs.update(zip(order[agree].tolist(), order[agree + 1].tolist(), strict=True))
    return sorted(pairs)


def _cluster(members: Iterable[Written]) -> DuplicateCluster:
    ordered = sorted(members, key=lambda each: (each.created_at or _LAST, each.record_id))
    texts = Counter(folded(each.text) for each in ordered)
    times = [each.created_at for each in ordered if each.created_at is not None]
    first = ordered[0]
    return DuplicateCluster(
        id=f"dup_{hashlib.blake2b(min(texts).encode(), digest_size=6).hexdigest()}",
        records=tuple(each.record_id for each in ordered), exact=sum(n for n in texts.values() if n > 1),
        first_at=min(times, default=None), last_at=max(times, default=None),
        quote=Quote(record_id=first.record_id, text=_shown(first.text)),
    )  # fmt: skip


def _shown(text: str) -> str:
    if len(text) <= QUOTED:
        return text
    return f"{text[:QUOTED].rsplit(' ', 1)[0]} …"


def _note(short: int, unseen: int) -> str:
    notes = []
    if short:
        left_out = f"of fewer than {SHORT} letters {'was' if short == 1 else 'were'} left out"
        notes.append(f"{_records(short)} {left_out}: short texts are alike by chance.")
    if unseen:
        notes.append(f"There was no time for {_records(unseen)}.")
    return " ".join(notes)


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"
