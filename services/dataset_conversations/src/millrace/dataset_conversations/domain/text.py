"""A record's text without what others wrote: quoted mail, forwarded heads and signatures; and its normal forms."""

import hashlib
import re
import unicodedata

_QUOTED_LINE = re.compile(r"^[ \t]*>.*(?:\n|\Z)", re.MULTILINE)
_ATTRIBUTION = re.compile(
    r"^(?:On|Am|Le|El|Il|Op)\b[^\n]{0,200}(?:\n[^\n]{0,100})?"
    r"\b(?:wrote|schrieb[^\n:]{0,100}|a écrit|escribió|ha scritto|schreef[^\n:]{0,100})\s?:[ \t]*$",
    re.MULTILINE,
)
"""The line that mail programs put above a quotation; they may wrap it once."""
_FORWARDED = re.compile(
    r"^(?:-{2,}[ ]?(?:Original Message|Forwarded message|Ursprüngliche Nachricht)[ ]?-{2,}[ \t]*$"
    r"|From:[^\n]*\n(?:Sent|Date|To):[^\n]*\n)",
    re.MULTILINE | re.IGNORECASE,
)
"""Where a top-posted reply ends: everything below is the earlier mail."""
_SIGNATURE = re.compile(r"^--[ ]?\n(?:[^\n]*(?:\n|\Z)){1,12}\Z", re.MULTILINE)
"""RFC 3676 section 4.3: two dashes and a space on a line of their own; at most a dozen lines at the end of the text."""
_DEVICE_LINE = re.compile(r"^(?:Sent from my |Get Outlook for |Von meinem .{1,30} gesendet)[^\n]{0,60}$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n\s*\n")
_SPACE = re.compile(r"\s+")
_ENDED = re.compile(r"[.!?…:;,)\]\"”'。\uff01\uff1f]\Z")


class _Spaced(dict[int, int]):
    """Maps punctuation, separators and control characters to a space (Unicode general categories P, Z and C)."""

    def __missing__(self, code: int) -> int:
        self[code] = ord(" ") if unicodedata.category(chr(code))[0] in "PZC" else code
        return self[code]


_SPACED = _Spaced()


def own_words(text: str) -> str:
    """The text without quotations and signature. Where nothing would be left, the quotation marks alone go."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" not in plain and ">" not in plain:
        return plain.strip()
    own = _FORWARDED.split(plain, maxsplit=1)[0]
    own = _SIGNATURE.sub("", own)
    own = _QUOTED_LINE.sub("", _ATTRIBUTION.sub("", own))
    own = _BLANK_LINES.sub("\n\n", _DEVICE_LINE.sub("", own)).strip()
    return own or re.sub(r"^[ \t]*>[> ]*", "", plain, flags=re.MULTILINE).strip()


def joined(title: str, text: str) -> str:
    """Title and text as one: the title is a paragraph of its own, and so the first sentence."""
    head, body = _SPACE.sub(" ", title).strip(), text.strip()
    if not head or body.casefold().startswith(head.casefold()):
        return body
    if not body:
        return head
    return f"{head}\n\n{body}" if _ENDED.search(head) else f"{head}.\n\n{body}"


def same_words(text: str) -> str:
    """The form in which exact duplicates agree: no case, punctuation or spacing. Symbols such as emoji stay."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.translate(_SPACED).split()) or folded.strip()


def text_hash(text: str) -> str:
    """First 32 hex digits of the SHA-256 of the text without case and spacing.

    Punctuation stays, so that equal hashes mean equal vectors under an uncased model.
    """
    folded = " ".join(unicodedata.normalize("NFC", text).split()).casefold()
    return hashlib.sha256(folded.encode()).hexdigest()[:32]
