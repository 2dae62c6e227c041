"""Units in chunks: each a fair sample of the batch, alike in size, and a turn never torn apart."""

import hashlib
from collections.abc import Iterable
from itertools import groupby

from millrace.dataset_conversations.domain.rows import Unit

Chunk = list[Unit]


def cut(units: Iterable[Unit], max_chunks: int, min_rows: int) -> list[Chunk]:
    """At most `max_chunks` chunks of at least `min_rows` units; a single one, maybe empty, where there are fewer.

    Turns are dealt in the order of their ids' digests, each to the chunk with the least text so far. So a chunk, and
    every beginning of it, is a random sample of the batch: a step that has time for part of a chunk sees all sides.
    """
    turns = [list(mine) for _, mine in groupby(units, key=lambda unit: unit.turn_id)]
    turns.sort(key=lambda mine: (hashlib.sha256(mine[0].turn_id.encode()).digest(), mine[0].turn_id))
    rows = sum(map(len, turns))
    for count in range(min(max_chunks, rows // min_rows), 1, -1):
        chunks = _dealt(turns, count)
        if min(map(len, chunks)) >= min_rows:
            return chunks
    return _dealt(turns, 1)


def _dealt(turns: list[Chunk], count: int) -> list[Chunk]:
    chunks: list[Chunk] = [[] for _ in range(count)]
    volumes = [0] * count
    for mine in turns:
        least = volumes.index(min(volumes))
        chunks[least].extend(mine)
        volumes[least] += sum(len(unit.text) for unit in mine)
    return chunks
