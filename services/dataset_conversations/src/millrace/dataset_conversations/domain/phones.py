"""Telephone numbers in text: found by shape and cue, confirmed by the numbering plans of `phonenumbers`.

`phonenumbers.PhoneNumberMatcher` costs up to a millisecond per text and region and, with a region such as DE, takes
dates and order numbers for telephone numbers. Here a cheap pattern proposes and the numbering plan disposes.
"""

import re
from collections.abc import Iterator
from datetime import date

import phonenumbers

_CANDIDATE = re.compile(r"(?<![\w$€£#@/.,-])\(?\+?\(?\d(?:[ \t().\-/]{0,3}\d){6,14}(?![\w@%]|[.,/-]\d)")
"""7 to 15 digits (ITU-T E.164) with the usual marks between them."""
_NANP = re.compile(r"(?<!\d)(?:\+?1[ .-]?)?(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d[ .-])\d{3}[ .-]\d{4}(?!\d)")
"""How North American numbers are written, those that are kept for examples included."""
_NATIONAL = re.compile(r"0\d{2,}|\(0\d+\)|0\d(?:[ .-]\d\d){4}")
"""How a number with a trunk prefix begins: sizes such as `0 2 4 6 8 10 12` do not."""
_PLAIN_TEN = re.compile(r"1?[2-9]\d{9}")
_DATE_LIKE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d\b|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}\b")
_CUE = re.compile(
    r"(?:\b(?:phone|tel|telephone|telefon|teléfono|téléphone|mobile|mobil|cell|call|whatsapp|sms|text me|fax|reach me"
    r"|ring|number is)\b|☎|📞)[^\d\n]{0,25}\Z",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"\b(?:order|ref|reference|invoice|tracking|ticket|case|serial|sku|item|account|id|no|number|nr|bestellung)\b"
    r"[^\d\n]{0,12}\Z",
    re.IGNORECASE,
)
_TRUNK_REGIONS = ("GB", "DE", "FR", "AU", "NL")
"""Regions whose national numbers begin with a 0, tried in this order."""
_GROUP = re.compile(r"\d+")
_FEWEST_DIGITS = 7
_LOOK_BACK = 40
"""Characters before a number in which a cue may stand."""


def numbers(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and canonical form of every telephone number; the form is E.164 where a plan knows it, else digits."""
    at = 0
    while match := _CANDIDATE.search(text, at):
        before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
        found = _within(match.group(), before)
        at = match.end()
        if found is not None:
            start, end, canonical = found
            at = match.start() + end
            yield match.start() + start, at, canonical


def _within(raw: str, before: str) -> tuple[int, int, str] | None:
    """The number within a candidate, which may have taken in digits that follow it."""
    if _is_date(raw):
        return None
    american = _NANP.search(raw)
    if american is not None:
        digits = re.sub(r"\D", "", american.group())
        return american.start(), american.end(), _national(digits) or digits
    for end in [match.end() for match in _GROUP.finditer(raw)][::-1]:
        canonical = _canonical(raw[:end], before)
        if canonical:
            return 0, end, canonical
    return None


def _canonical(raw: str, before: str) -> str:
    digits = re.sub(r"\D", "", raw)
    if len(digits) < _FEWEST_DIGITS:
        return ""
    if raw.lstrip("(").startswith("+"):
        return _international(digits)
    if _CUE.search(before):
        return _national(digits) or digits
    if _REFERENCE.search(before):
        return ""
    if _PLAIN_TEN.fullmatch(raw) or _NATIONAL.match(raw):
        return _national(digits)
    return ""


def _is_date(raw: str) -> bool:
    return _DATE_LIKE.match(raw) is not None or _compact_date(raw)


def _compact_date(raw: str) -> bool:
    if not re.fullmatch(r"(?:19|20)\d{6}", raw):
        return False
    try:
        date(int(raw[:4]), int(raw[4:6]), int(raw[6:]))
    except ValueError:
        return False
    return True


def _international(digits: str) -> str:
    """Every number of a possible length counts: numbers that are kept for examples are possible, but not valid."""
    parsed = _parsed(f"+{digits}", None)
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        return ""
    return _e164(parsed)


def _national(digits: str) -> str:
    for region in _TRUNK_REGIONS if digits.startswith("0") else ("US",):
        parsed = _parsed(digits, region)
        if parsed is not None and phonenumbers.is_valid_number(parsed):
            return _e164(parsed)
    return ""


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parsed(number: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
