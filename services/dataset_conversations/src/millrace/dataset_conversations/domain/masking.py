"""Personal data out of the text, once, before anything else reads it.

The same value gets the same pseudonym throughout a batch, however it is spelled: `[EMAIL_1]`, `[PHONE_2]`, `[NAME_1]`.
The pseudonyms are numbered by first appearance, so they say nothing about the value and nothing across batches.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from millrace.dataset_conversations.domain import addresses, codes, emails, names, phones
from millrace.dataset_conversations.domain.found import Found, lower
from millrace.dataset_conversations.domain.names import People

Finder = Callable[[str, str], Iterable[Found]]
"""Takes a text, and the same in lower case."""

KINDS = ("url", "email", "iban", "card", "phone", "address", "name")

PSEUDONYM = re.compile(r"\[(?:URL|EMAIL|IBAN|CARD|PHONE|ADDRESS|NAME)_\d+\]")

_DIGIT = re.compile(r"\d")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s/@:]{1,128}(?::[^\s/@]{0,128})?@[^\s\"'<>)\]]+", re.IGNORECASE)
"""With user information (RFC 3986 section 3.2.1)."""
_MOST_PASSES = 4
"""What is masked may uncover what stood beside it: a number right behind a name. More than one pass is rare."""


def _urls(text: str, lowered: str) -> Iterator[Found]:
    if "://" in text:
        for match in _URL.finditer(text):
            yield Found(match.start(), match.end(), match.group().casefold())


_FINDERS: tuple[tuple[str, int, Finder], ...] = (
    ("url", 0, _urls),
    ("email", 0, emails.addresses),
    ("email", 0, emails.spelled),
    ("iban", 10, codes.ibans),
    ("card", 13, codes.cards),
    ("phone", 7, phones.numbers),
    ("address", 1, addresses.addresses),
)
"""Kind, fewest digits of a text in which it is looked for, and finder; in the order in which they take their part."""


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

    def mask(self, text: str, people: People | None = None) -> Masked:
        """The text with pseudonyms in place of personal data; `people` are those whom the conversation knows."""
        before = self.counts.total()
        for _ in range(_MOST_PASSES):
            masked = self._once(text, people)
            if masked == text:
                break
            text = masked
        return Masked(text=text, count=self.counts.total() - before)

    def _once(self, text: str, people: People | None) -> str:
        digits, lowered = len(_DIGIT.findall(text)), lower(text)
        for kind, fewest, finder in _FINDERS if people is None else (*_FINDERS, ("name", 0, people.find)):
            if digits >= fewest:
                masked = self._replaced(kind, text, finder(text, lowered))
                if masked is not text:
                    text, lowered = masked, lower(masked)
        return text

    def _replaced(self, kind: str, text: str, found: Iterable[Found]) -> str:
        pieces, done = [], 0
        for start, end, value in found:
            pieces += [text[done:start], self._pseudonym(kind, value)]
            done = end
        return "".join([*pieces, text[done:]]) if done else text

    def _pseudonym(self, kind: str, value: str) -> str:
        self.counts[kind] += 1
        key = kind, value
        if key not in self._known:
            self._distinct[kind] += 1
            self._known[key] = f"[{kind.upper()}_{self._distinct[kind]}]"
        return self._known[key]


def known_people(texts: Iterable[str], fields: Iterable[str] = ()) -> People | None:
    """Whom a conversation knows: the names that its texts introduce, and those in its records' fields about people."""
    return names.people(names.given(fields).union(*map(names.introduced, texts)))
