"""Gzip, opened within bounds: a small file must not become a large one."""

import zlib

from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parsed import MAX_EXPANDED

GZIP = b"\x1f\x8b"
MAX_RATIO = 200
"""Bytes out for a byte in. Text shrinks to a tenth, the most repetitive log to a hundredth; deflate ends at 1032."""
_FREE = 1 << 20
"""Bytes that may come out whatever the ratio: twenty identical rows are no bomb."""
_STEP = 1 << 20
_ANY_GZIP = 16 + zlib.MAX_WBITS
"""`wbits` for a gzip wrapper (zlib manual, inflateInit2)."""


def is_gzip(data: bytes) -> bool:
    """Whether the bytes begin as a gzip member does (RFC 1952)."""
    return data.startswith(GZIP)


def gunzip(data: bytes) -> bytes:
    """What the members of a gzip file hold, joined; BadFile when they are damaged or expand beyond bounds."""
    found: list[bytes] = []
    size, rest = 0, data
    while is_gzip(rest):
        member = zlib.decompressobj(_ANY_GZIP)
        while not member.eof:
            piece = _piece(member, rest)
            if not piece and not member.unconsumed_tail and not member.eof:
                raise BadFile("unreadable_file", "the gzip file is cut off")
            rest = member.unconsumed_tail
            size += len(piece)
            _check(size, len(data))
            found.append(piece)
        rest = member.unused_data.lstrip(b"\0")  # members may be padded to a block
    return b"".join(found)


def inner_name(filename: str) -> str:
    """The name of the file inside: `reviews.csv.gz` holds `reviews.csv`."""
    return filename[:-3] if filename.casefold().endswith(".gz") else filename


def _piece(member: "zlib._Decompress", rest: bytes) -> bytes:
    try:
        return member.decompress(rest, _STEP)
    except zlib.error:
        raise BadFile("unreadable_file", "the gzip file is damaged") from None


def _check(size: int, packed: int) -> None:
    if size > MAX_EXPANDED or (size > _FREE and size > packed * MAX_RATIO):
        limit = MAX_EXPANDED >> 20
        raise BadFile("expands_too_far", f"unpacked, a file may have {limit} MiB and {MAX_RATIO} times its size")
