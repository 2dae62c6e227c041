"""In which order a batch is looked at, so that what there is no time for is a fair sample."""

import hashlib
from collections.abc import Iterator

from millrace.contracts.records import Record

Threads = dict[str, list[Record]]
"""Records by conversation, both in order."""

TOGETHER = 100
"""Records of one thread that are looked at as a whole. A longer thread is taken in pieces, from its beginning."""
BLOCK = 50
"""Records between two looks at the clock, unless they are long."""
LETTERS = 40_000
"""Characters after which the clock is looked at even so: fifty of the longest texts take up to 1.6 s."""

Piece = tuple[str, list[Record]]
"""A conversation's id and records of it."""


def blocks(threads: Threads) -> Iterator[list[Piece]]:
    """All threads in blocks of at least `BLOCK` records or `LETTERS` characters, but the last.

    Threads, and the pieces of one that is too long, come in the order of the digests of their conversations' ids: so a
    beginning is a random sample of the batch with whole threads, and the same one whenever the same batch is looked at
    to the same point.
    """
    block: list[Piece] = []
    count = letters = 0
    for piece in _pieces(threads):
        block.append(piece)
        count += len(piece[1])
        letters += sum(len(record.text) for record in piece[1])
        if count >= BLOCK or letters >= LETTERS:
            yield block
            block, count, letters = [], 0, 0
    if block:
        yield block


def _pieces(threads: Threads) -> Iterator[Piece]:
    ordered = sorted(threads, key=lambda conv_id: (hashlib.sha256(conv_id.encode()).digest(), conv_id))
    longest = max(map(len, threads.values()), default=0)
    for begin in range(0, longest, TOGETHER):
        for conv_id in ordered:
            piece = threads[conv_id][begin : begin + TOGETHER]
            if piece:
                yield conv_id, piece
