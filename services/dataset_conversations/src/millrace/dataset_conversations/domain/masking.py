"""Personal data out of the text, once, before anything else reads it.

The same value gets the same pseudonym throughout a batch: `[EMAIL_1]`, `[PHONE_2]`, `[NAME_1]`. The pseudonyms are
numbered by first appearance, so they say nothing about the value and nothing across batches.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from stdnum import iban, luhn

from millrace.dataset_conversations.domain import names, phones

KINDS = ("url", "email", "iban", "card", "phone", "name")

PSEUDONYM = re.compile(r"\[(?:URL|EMAIL|IBAN|CARD|PHONE|NAME)_\d+\]")

_DIGIT = re.compile(r"\d")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s/@:]{1,128}(?::[^\s/@]{0,128})?@[^\s\"'<>)\]]+", re.IGNORECASE)
"""With user information (RFC 3986 section 3.2.1)."""
EMAIL = re.compile(r"[\w.+%'-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")
"""Local part of up to 64 octets (RFC 5321 section 4.5.3.1.1); bounded, or long words would take quadratic time."""
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?\b", re.IGNORECASE)
"""ISO 13616-1: country, check digits and up to 30 characters, written in groups of four."""
_CARD = re.compile(
    r"(?<!\d)(?<!\d[.,])(?=[2-6])"
    r"(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5})(?!\d)"
)
"""13 to 19 digits that begin and are grouped as on cards (ISO/IEC 7812-1)."""
_FEWEST_CARD_DIGITS = 13
_GROUP = re.compile(r"\w+")
_BETWEEN = re.compile(r"[ -]")


@dataclass(frozen=True)
class Masked:
    """A text without personal data, and how many values were replaced."""

    text: str
    count: int


@dataclass
class Masker:
    """Pseudonyms of one batch. Not shared between batches: the values must not outlive their part."""

    counts: Counter[str] = field(default_factory=Counter)
    """Replacements by kind."""
    _known: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    _distinct: Counter[str] = field(default_factory=Counter, repr=False)

    def mask(self, text: str, people: re.Pattern[str] | None = None) -> Masked:
        """The text with pseudonyms in place of personal data. `people` matches names known from the conversation."""
        before = self.counts.total()
        if "://" in text:
            text = _URL.sub(self._by("url", str.casefold), text)
        if "@" in text:
            text = EMAIL.sub(self._by("email", str.casefold), text)
        if _DIGIT.search(text):
            text = self._mask_numbers(text)
        if people is not None:
            text = people.sub(self._by("name", str.casefold), text)
        return Masked(text=text, count=self.counts.total() - before)

    def _mask_numbers(self, text: str) -> str:
        text = _IBAN.sub(self._iban, text)
        text = _CARD.sub(self._card, text)
        pieces, done = [], 0
        for start, end, canonical in phones.numbers(text):
            pieces += [text[done:start], self._pseudonym("phone", canonical)]
            done = end
        return "".join([*pieces, text[done:]])

    def _by(self, kind: str, canonical: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
        return lambda match: self._pseudonym(kind, canonical(match.group()))

    def _iban(self, match: re.Match[str]) -> str:
        return self._longest("iban", match.group(), iban.is_valid)

    def _card(self, match: re.Match[str]) -> str:
        return self._longest("card", match.group(), _is_card)

    def _longest(self, kind: str, found: str, valid: Callable[[str], bool]) -> str:
        """The longest valid reading: a number may be followed by what only looks like its next group."""
        for end in [each.end() for each in _GROUP.finditer(found)][::-1]:
            number = _BETWEEN.sub("", found[:end])
            if valid(number):
                return self._pseudonym(kind, number.casefold()) + found[end:]
        return found

    def _pseudonym(self, kind: str, value: str) -> str:
        self.counts[kind] += 1
        key = kind, value
        if key not in self._known:
            self._distinct[kind] += 1
            self._known[key] = f"[{kind.upper()}_{self._distinct[kind]}]"
        return self._known[key]


def _is_card(digits: str) -> bool:
    return len(digits) >= _FEWEST_CARD_DIGITS and luhn.is_valid(digits)


def known_names(texts: list[str]) -> re.Pattern[str] | None:
    """Matches the names that any text of a conversation introduces."""
    return names.pattern(frozenset().union(*map(names.introduced, texts)))
