"""Turns in chunks: each a fair sample of the batch, alike in size, and a turn never torn apart."""

import hashlib
from collections.abc import Iterable

from millrace.dataset_conversations.domain.rows import Cut

Chunk = list[Cut]


def cut(turns: Iterable[Cut], max_chunks: int, min_rows: int) -> list[Chunk]:
    """At most `max_chunks` chunks of at least `min_rows` units; a single one, maybe empty, where there are fewer.

    Turns are dealt in the order of their ids' digests, each to the chunk with the least text so far. So a chunk, and
    every beginning of it, is a random sample of the batch: a step that has time for part of a chunk sees all sides.
    """
    dealt = sorted(turns, key=lambda each: (hashlib.sha256(each.turn.turn_id.encode()).digest(), each.turn.turn_id))
    total = rows(dealt)
    for count in range(min(max_chunks, total // min_rows), 1, -1):
        chunks = _dealt(dealt, count)
        if min(map(rows, chunks)) >= min_rows:
            return chunks
    return _dealt(dealt, 1)


def rows(chunk: Chunk) -> int:
    """How many units a chunk has."""
    return sum(len(each.spans) for each in chunk)


def _dealt(turns: Chunk, count: int) -> list[Chunk]:
    chunks: list[Chunk] = [[] for _ in range(count)]
    volumes = [0] * count
    for each in turns:
        least = volumes.index(min(volumes))
        chunks[least].append(each)
        volumes[least] += sum(end - start for start, end in each.spans)
    return chunks
