"""Account and card numbers: found by shape, confirmed by their check digits."""

import re
from collections.abc import Iterable, Iterator

from stdnum import iban, luhn

from millrace.dataset_conversations.domain.found import Found

_GAP = r"[ .\u00a0\u202f-]?"
_IBAN = re.compile(rf"(?<![A-Z0-9])[A-Z]{{2}}{_GAP}\d{{2}}(?:{_GAP}[A-Z0-9]){{11,30}}", re.IGNORECASE | re.ASCII)
"""ISO 13616-1: country, check digits and up to 30 characters, however they are grouped."""
_FEWEST_IBAN_DIGITS = 10
_CALLED_IBAN = re.compile(
    r"\biban\b[^\w\n]{0,3}(?:(?:is|no|nr|number|lautet|est|es)\b[^\w\n]{0,3}){0,2}\Z", re.IGNORECASE
)

_CARD = re.compile(rf"(?<![\w#])(?<!\d[.,])[2-6](?:{_GAP}{_GAP}\d){{12,18}}(?!\d)")
_CARD_GROUPS = re.compile(r"\d{13,19}|\d{4}(?: \d{4}){2,3}(?: \d{1,4})?|\d{4} \d{6} \d{4,5}")
"""How cards are grouped (ISO/IEC 7812-1)."""
_CALLED_CARD = re.compile(
    r"\b(?:card|visa|mastercard|amex|american express|maestro|kreditkarte|karte|carte|tarjeta|carta|creditcard|pan)\b"
    r"[^\d\n]{0,30}\Z",
    re.IGNORECASE,
)
_LENGTHS = (
    (r"4", {13, 16, 19}),
    (r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)", {16}),
    (r"3[47]", {15}),
    (r"3(?:0[0-5]|[689])", {14}),
    (r"6|50|5[6-9]|35", {13, 14, 15, 16, 17, 18, 19}),
)
"""First digits and lengths of the issuers: Visa, Mastercard, American Express, Diners Club, and the others together."""
_ISSUERS = tuple((re.compile(start), lengths) for start, lengths in _LENGTHS)
_NO_DIGIT = re.compile(r"\D")
_NOT_ALNUM = re.compile(r"[\W_]")
_WORD = re.compile(r"[^\W_]+")


def ibans(text: str, lowered: str) -> Iterator[Found]:
    """International bank account numbers; one that is called IBAN may have wrong check digits."""
    at = 0
    while match := _IBAN.search(text, at):
        at = match.start() + 2
        found = match.group()
        if sum(map(str.isdigit, found)) >= _FEWEST_IBAN_DIGITS:
            end = _iban_end(text, match)
            if end:
                at = match.start() + end
                yield Found(match.start(), at, _NOT_ALNUM.sub("", found[:end]).casefold())


def _iban_end(text: str, match: re.Match[str]) -> int:
    """Where the longest valid reading ends, counted from its start; 0 for none."""
    found = match.group()
    for end in _ends(found):
        number = _NOT_ALNUM.sub("", found[:end]).upper()
        # Without the national checks: they refuse banks that their list does not know, and the registry's own example.
        if _remainder(number) == 1 and iban.is_valid(number, check_country=False):
            return end
    called = _CALLED_IBAN.search(text, max(0, match.start() - 30), match.start())
    if called is None:
        return 0
    groups = re.match(rf"[A-Z]{{2}}{_GAP}\d{{2}}(?:{_GAP}(?=[A-Z]{{0,4}}\d|\d)[A-Z0-9]{{1,30}})+", found, re.I | re.A)
    return groups.end() if groups else 0


def _remainder(number: str) -> int:
    """ISO 7064 MOD 97-10 of the number, which is 1 where the check digits are right. Far cheaper than `iban`'s."""
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97


def cards(text: str, lowered: str) -> Iterator[Found]:
    """Card numbers: grouped as on cards, or in any way after a word for a card."""
    at = 0
    while match := _CARD.search(text, at):
        at = match.start() + 1
        end = _card_end(text, match)
        if end:
            at = match.start() + end
            yield Found(match.start(), at, _NO_DIGIT.sub("", match.group()[:end]))


def _card_end(text: str, match: re.Match[str]) -> int:
    found = match.group()
    called = _CALLED_CARD.search(text, max(0, match.start() - 50), match.start()) is not None
    for end in _ends(found):
        grouped = " ".join(_WORD.findall(found[:end]))
        if (called or _CARD_GROUPS.fullmatch(grouped)) and _is_card(grouped.replace(" ", "")):
            return end
    return 0


def _is_card(digits: str) -> bool:
    issued = any(start.match(digits) and len(digits) in lengths for start, lengths in _ISSUERS)
    return issued and bool(luhn.is_valid(digits))


def _ends(found: str) -> Iterable[int]:
    """Ends of the groups, the last first: a number may be followed by what only looks like its next group."""
    return [group.end() for group in _WORD.finditer(found)][::-1]
