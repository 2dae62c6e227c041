"""Telephone numbers in text: found by shape and cue, confirmed by the numbering plans of `phonenumbers`.

`phonenumbers.PhoneNumberMatcher` costs up to a millisecond per text and region and, with a region such as DE, takes
dates and order numbers for telephone numbers. Here a cheap pattern proposes and the numbering plan disposes.
"""

import re
from collections.abc import Iterator
from datetime import date

import phonenumbers

from millrace.dataset_conversations.domain.found import Found

_CANDIDATE = re.compile(r"\(?\+?\(?\d(?:[ \t\u00a0\u202f().\-/]{0,3}\d){6,15}(?![\w@%]|[.,/-]\d)")
"""7 to 15 digits (ITU-T E.164) and a trunk prefix, with the usual marks between them."""
_PART_OF_SOMETHING = re.compile(r"[\w$€£#@/.,-]")
_NANP = re.compile(r"(?<!\d)(?:\+?1[ .-]?)?(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d[ .-])\d{3}[ .-]\d{4}(?!\d)")
"""How North American numbers are written, those that are kept for examples included."""
_NATIONAL = re.compile(r"0\d{2,}|\(0\d+\)|0\d(?:([ .-])\d\d)(?:\1\d\d){3}")
"""How a number with a trunk prefix begins: sizes such as `0 2 4 6 8 10 12` do not."""
_GROUPED_TRUNK = re.compile(r"\(?0\d{2,4}\)?[ /.-]{1,3}\d{3,4}[ .-]?\d{3,4}")
_PLAIN_TEN = re.compile(r"1?[2-9]\d{9}")
_WITHOUT_TRUNK = (
    ("ES", re.compile(r"[679]\d\d(?:([ .-])\d{3}\1\d{3}|([ .-])\d\d\2\d\d\2\d\d)")),
    ("IT", re.compile(r"3[2-9]\d[ .-]\d{3}[ .-]?\d{3,4}")),
)
"""Numbers of countries that have no trunk prefix, as they are grouped there."""
_DATE_LIKE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d\b(?![./]\d)|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}\b")
_CUE = re.compile(
    r"(?:\b(?:phone|tel|telephone|telefon|telefono|teléfono|téléphone|mobile|mobil|móvil|movil|portable|handy|cell"
    r"|cellulare|call|whatsapp|sms|text me|fax|reach me|ring|number is|rufnummer|erreichbar|appelez|llámame|llamar"
    r"|chiamare|bel|telefoonnummer)\b|☎|📞)[^\d\n]{0,25}\Z",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:order|invoice|tracking|ticket|case|serial|sku|item|account|customer|parcel|reference|ref|bestell\w*|rechnung\w*"
    r"|kunden\w*|sendung\w*|auftrag\w*|commande|facture|suivi|pedido|factura|ordine|fattura|bestelling|ean|isbn)\b"
    r"[.:]?(?:[ ](?:no|nr|number|nummer|numéro|número|numero|id|code|de|di|del|is|was|ist|war|est|es)\b[.:]?){0,3}"
    r"[^\w\n]{0,6}\Z",
    re.IGNORECASE,
)
"""A word for something else that has a number, directly before it."""
_REFERENCE = re.compile(
    r"\b(?:order|invoice|tracking|ticket|case|id|(?<!\bmy[ ])(?<!\bour[ ])(?:no|number|nr)|n°|nº)\b[^\d\n]{0,12}\Z",
    re.IGNORECASE,
)
"""A word for a number of whatever kind: "my number" is nobody's order."""
_EXTENSION = re.compile(r"[ ]?(?:x|ext\.?|extension|durchwahl|poste)[ ]?\d{1,5}\b", re.IGNORECASE)
_TRUNK_REGIONS = ("GB", "DE", "FR", "AU", "NL", "IT", "BE", "CH", "AT")
"""Regions whose national numbers begin with a 0, tried in this order."""
_GROUP = re.compile(r"\d+")
_FEWEST_DIGITS = 7
_LOOK_BACK = 50
"""Characters before a number in which a cue may stand."""
_SIGNIFICANT = 9
"""Last digits by which spellings of one number agree, with and without country and trunk prefix."""


def numbers(text: str, lowered: str) -> Iterator[Found]:
    """Every telephone number; its value is its last significant digits."""
    at = 0
    while match := _CANDIDATE.search(text, at):
        if _PART_OF_SOMETHING.match(text, match.start() - 1) if match.start() else None:
            at = _GROUP.search(text, match.start()).end()  # type: ignore[union-attr]
            continue
        before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
        found = _within(match.group(), before)
        at = match.end()
        if found is not None:
            start, end, digits = found
            extension = _EXTENSION.match(text, match.start() + end)
            at = extension.end() if extension else match.start() + end
            yield Found(match.start() + start, at, digits[-_SIGNIFICANT:])


def _within(raw: str, before: str) -> tuple[int, int, str] | None:
    """The number within a candidate, which may have taken in digits that follow it."""
    if _is_date(raw):
        return None
    american = _NANP.search(raw)
    if american is not None and ("(" in raw or not _ORDER.search(before)):
        return american.start(), american.end(), re.sub(r"\D", "", american.group())
    for end in [match.end() for match in _GROUP.finditer(raw)][::-1]:
        digits = _canonical(raw[:end], before)
        if digits:
            return 0, end, digits
    return None


def _canonical(raw: str, before: str) -> str:
    digits = re.sub(r"\D", "", raw)
    if len(digits) < _FEWEST_DIGITS:
        return ""
    if raw.lstrip("(").startswith("+"):
        return _international(digits)
    if _ORDER.search(before):
        return ""
    if _CUE.search(before):
        return _national(digits) or digits
    if _REFERENCE.search(before):
        return ""
    if _PLAIN_TEN.fullmatch(raw) or _NATIONAL.match(raw):
        return _national(digits) or _grouped(raw, digits)
    return next((digits for region, shape in _WITHOUT_TRUNK if shape.fullmatch(raw) and _valid(digits, region)), "")


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
    return _with_country(parsed)


def _national(digits: str) -> str:
    for region in _TRUNK_REGIONS if digits.startswith("0") else ("US",):
        found = _valid(digits, region)
        if found:
            return found
    return ""


def _grouped(raw: str, digits: str) -> str:
    """A number that no plan has assigned, as those that are kept for examples, but grouped as one with an area code."""
    if not _GROUPED_TRUNK.fullmatch(raw):
        return ""
    parsed = _parsed(digits, "GB")
    return _with_country(parsed) if parsed is not None and phonenumbers.is_possible_number(parsed) else ""


def _valid(digits: str, region: str) -> str:
    parsed = _parsed(digits, region)
    return _with_country(parsed) if parsed is not None and phonenumbers.is_valid_number(parsed) else ""


def _with_country(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]


def _parsed(number: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
