"""Running text without speakers: how many pieces of feedback it is."""

import re
from collections.abc import Iterator

_BLANK = re.compile(r"\n[ \t]*\n\s*")
_SALUTATION = re.compile(
    r"(?:dear|hello|hi|hey|good (?:morning|afternoon|evening|day)|to whom|sehr geehrte|liebe|hallo|guten (?:tag|morgen)"
    r"|bonjour|bonsoir|chers?|chère|madame|monsieur|hola|estimad|buen[oa]s)\b[^\n]{0,60}[,!:]?[ \t]*(?:\n|\Z)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…。\uff01\uff1f][\"”')\]]?\Z")
_BREAK = re.compile(r".*[.!?…。\n](?=\s)|.*\s", re.DOTALL)
"""Up to the last sentence end, else the last space."""
_WRAPPED_FROM = 55
"""Characters from which lines of nearly one length look wrapped: mail wraps at 72, terminals at 80."""


def passages(text: str) -> tuple[list[str], str]:
    """The text's pieces of feedback, and what each of them is: `text`, `paragraph` or `line`.

    A letter, told by its salutation, is one. Paragraphs set off by blank lines are one each. Lines are one each, as
    in a list of comments, unless they are a paragraph that was wrapped.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n").strip()
    if _SALUTATION.match(plain):
        return [plain], "text"
    blocks = [unwrapped(block) for block in _BLANK.split(plain) if block.strip()]
    if len(blocks) > 1:
        return blocks, "paragraph"
    lines = [line.strip() for line in plain.split("\n") if line.strip()]
    if len(lines) <= 1 or _is_wrapped(lines):
        return blocks, "text"
    return lines, "line"


def unwrapped(block: str) -> str:
    """A paragraph on one line."""
    return " ".join(block.split())


def pieces(text: str, longest: int) -> Iterator[str]:
    """The text in pieces of at most so many characters, cut at the end of a sentence where there is one."""
    while len(text) > longest:
        found = _BREAK.match(text[:longest])
        cut = found.end() if found and found.end() > longest // 2 else longest
        yield text[:cut].strip()
        text = text[cut:].strip()
    if text:
        yield text


def _is_wrapped(lines: list[str]) -> bool:
    """Whether all lines but the last are about as long, and most of them end within a sentence."""
    body = lines[:-1]
    longest = max(map(len, body))
    even = longest >= _WRAPPED_FROM and all(len(line) >= longest * 0.7 for line in body)
    return even and sum(_SENTENCE_END.search(line) is not None for line in body) <= len(body) / 2
