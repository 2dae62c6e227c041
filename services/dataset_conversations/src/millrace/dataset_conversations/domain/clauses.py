"""Long run-on sentences cut at clause boundaries, so that one unit holds about one opinion."""

import re

Span = tuple[int, int]

MAX_WORDS = 60
"""Words above which a sentence is cut: one that long holds several opinions."""
MIN_WORDS = 5

_UNSPACED = re.compile(r"[぀-ヿ㐀-鿿가-힯]")
"""A character of a script that puts no spaces between words: it counts as a word."""

_JOINTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"[;:]\s+|\s+[-\u2013\u2014]+\s+|…\s*|\.{2,}\s*|\n\s*",
        r",\s+(?=(?:and|but|so|because|however|although|though|which|while|then|yet|or|plus|also|aber|und|weil|pero|y"
        r"|mais|et|car)\b)|[\uff0c\uff1b]",
        r",\s+",
        r"\s+(?=(?:but|because|however|although|though|and|so|aber|weil|pero|mais)\b)|、",
        r"\s+",
    )
)
"""Kinds of clause boundary, the strongest first."""


def parts(text: str, span: Span) -> list[Span]:
    """The span itself, or the clauses that it is cut into when it is too long."""
    start, end = span
    if end - start <= MAX_WORDS or _words(text, start, end) <= MAX_WORDS:
        return [span]
    for joint in _JOINTS:
        cut = _most_even(text, span, joint)
        if cut is not None:
            left, right = (start, cut[0]), (cut[1], end)
            return [*parts(text, left), *parts(text, right)]
    return [span]


def _words(text: str, start: int, end: int) -> int:
    piece = text[start:end]
    return len((piece if piece.isascii() else _UNSPACED.sub(" x ", piece)).split())


def _most_even(text: str, span: Span, joint: re.Pattern[str]) -> Span | None:
    """Where the left part ends and the right one begins, nearest to the middle; None when a part would be too short."""
    start, end = span
    middle = (start + end) / 2
    found = min(joint.finditer(text, start, end), key=lambda match: abs(match.start() - middle), default=None)
    if found is None:
        return None
    kept = found.start() + len(found.group().rstrip())
    if _words(text, start, kept) < MIN_WORDS or _words(text, found.end(), end) < MIN_WORDS:
        return None
    return kept, found.end()
