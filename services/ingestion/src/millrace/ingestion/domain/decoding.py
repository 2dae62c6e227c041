"""Bytes to text: whatever the encoding, a file is read; a guess is said."""

import codecs
import re
from dataclasses import dataclass

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""UTF-32 before UTF-16: the mark of UTF-16-LE begins that of UTF-32-LE."""

_CODE_PAGES = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman", "koi8_r", "cp932", "gb18030", "big5", "cp949",
)  # fmt: skip
"""Encodings that feedback files are found in; the rarer ones only add ways to guess wrong."""

_DECLARABLE = {
    **{codecs.lookup(name).name: name for name in ("utf-8", "utf-16", "ascii", *_CODE_PAGES)},
    codecs.lookup("latin-1").name: "cp1252",  # who declares Latin 1 writes Windows 1252 (WHATWG Encoding, section 4.2)
}

_WESTERN = frozenset("àáâãäåæçèéêëíîïñòóôõöùúûüßœÄÖÜÉ¿¡«»€£°·…\u2018\u2019\u201c\u201d\u201e\u2013\u2014\xb4\xa0")
"""What the upper half of Western European text consists of."""

_HIGH_RUN = re.compile(r"[^\x00-\x7f]+")
_SAMPLE = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A file's text, how it was read and what the reader should know of that."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode(data: bytes, charset: str = "") -> Decoded:
    """The text of `data`: by its mark, the declared `charset`, UTF-8, or else a guess. Never fails.

    NUL characters are dropped and bytes that the encoding does not know become U+FFFD; notes say so.
    """
    text, encoding, guessed = _read(data, charset)
    notes = [f"read as {encoding}, by guess"] if guessed else []
    if lost := text.count("\ufffd"):
        notes.append(f"{lost} characters could not be read")
    if "\0" in text:
        notes.append("NUL characters were dropped")
        text = text.replace("\0", "")
    return Decoded(text=text, encoding=encoding, notes=tuple(notes))


def _read(data: bytes, charset: str) -> tuple[str, str, bool]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), encoding, False
    for encoding in filter(None, (_declarable(charset), _wide(data), "utf-8")):
        try:
            return data.decode(encoding), encoding, False
        except UnicodeDecodeError:
            continue
    text = data.decode("utf-8", "replace")
    if _mostly_utf8(text):
        return text, "utf-8", False
    encoding = _guess(data)
    return data.decode(encoding, "replace"), encoding, True


def _declarable(charset: str) -> str | None:
    try:
        return _DECLARABLE.get(codecs.lookup(charset).name)
    except (LookupError, ValueError):
        return None


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: Latin text then has a NUL in every second byte."""
    even, odd = data[:4096:2].count(0), data[1:4096:2].count(0)
    half = len(data[:4096]) // 2
    if even + odd < half * 0.6:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _mostly_utf8(text: str) -> bool:
    """Whether more multi-byte characters are whole than broken: files that were glued together from several."""
    broken = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) - broken > broken


def _guess(data: bytes) -> str:
    # charset-normalizer reads short French or Spanish as Czech (cp1250), so plain Western text is recognised first.
    sample = b"\n".join(line for line in data.splitlines() if not line.isascii())[:_SAMPLE]
    for encoding in ("cp1252", "mac_roman"):
        if _western(sample.decode(encoding, "replace")):
            return encoding
    import charset_normalizer  # costs 30 ms, and few files need it

    best = charset_normalizer.from_bytes(sample, cp_isolation=list(_CODE_PAGES)).best()
    return best.encoding if best else "cp1252"


def _western(text: str) -> bool:
    """Whether nearly all non-ASCII characters are Western and stand alone, as accents in words do."""
    runs = _HIGH_RUN.findall(text)
    fitting = sum(len(run) for run in runs if len(run) <= 2 and _WESTERN.issuperset(run))
    return fitting >= 0.9 * sum(map(len, runs))
