"""Entities: order ids, versions, amounts of money and dates, by their shape. Never personal data: that is masked."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from millrace.nlp.domain.vocabulary import PSEUDONYM

ORDER, VERSION, MONEY, DATE = "order", "version", "money", "date"


class Entity(NamedTuple):
    """Something that a text names."""

    kind: str
    value: str
    """In one form: `49.90 EUR`, `2026-03-01`, `--03-01` without a year; as written where its meaning is not sure."""
    start: int
    end: int
    """Characters of the text, the end exclusive."""


_CURRENCIES = {
    "$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "bucks": "USD", "€": "EUR", "eur": "EUR",
    "euro": "EUR", "euros": "EUR", "£": "GBP", "gbp": "GBP", "quid": "GBP", "chf": "CHF", "¥": "JPY", "jpy": "JPY",
    "yen": "JPY", "pln": "PLN", "zł": "PLN", "sek": "SEK", "a$": "AUD", "aud": "AUD", "c$": "CAD", "cad": "CAD",
    "₹": "INR", "inr": "INR",
}  # fmt: skip
"""A bare dollar is taken for the one of the United States. "Pounds" are left out: they are mostly weight."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_DIGIT = re.compile(r"\d")
_AMOUNT = r"\d{1,3}(?:[,.'\u00a0 ]\d{3})+(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?"
_SIGN = r"us\$|a\$|c\$|[$€£¥₹]"
_CODE = r"dollars?|bucks|euros?|quid|yen|zł|usd|eur|gbp|chf|jpy|pln|sek|aud|cad|inr"
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?"
)
_ID = r"(?:[a-z]{1,4}[-_]?)?\d[\d-]{2,18}\d(?:-?[a-z]{1,2})?"

_DAY_FIRST = re.compile(
    rf"(?<![\w/.-])(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.?\s(?:of\s)?(?P<month>{_MONTH})\b\.?(?:,?\s(?P<year>\d{{4}})\b)?"
    rf"|(?<![\w])(?P<month2>{_MONTH})\b\.?\s(?:the\s)?(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s(?P<year2>\d{{4}})\b)?",
    re.IGNORECASE,
)
_NUMERIC_DATE = re.compile(
    r"(?<![\w/.-])(?:(?P<iso>\d{4}-\d{2}-\d{2})|(?P<a>\d{1,2})(?P<mark>[./-])(?P<b>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2}))"
    r"(?![\w/-]|\.\d)"
)
_MONEY = re.compile(
    rf"(?<![\w.,])(?P<sign>{_SIGN})\s?(?P<amount>{_AMOUNT})(?P<thousands>k\b)?(?![\d])"
    rf"|(?<![\w.,$€£¥₹])(?P<code2>usd|eur|gbp|chf)\s(?P<amount3>{_AMOUNT})(?![\w])"
    rf"|(?<![\w.,$€£¥₹])(?P<amount2>{_AMOUNT})(?P<thousands2>k)?\s?(?:(?P<sign2>{_SIGN})|(?P<code>{_CODE})\b)",
    re.IGNORECASE,
)
_NAMED_ORDER = re.compile(
    r"\b(?:orders?|bestellung|commande|pedido|ticket|case|invoice|reference|ref|booking|tracking|confirmation|shipment"
    r"|parcel)\b[\s.]{0,2}(?:number|numbers|nummer|no|nr|num|id|code)?\b[\s.:#]{0,3}(?:is\s|was\s)?#?"
    rf"(?P<id>{_ID})\b(?![.,/]\d|\s?[€%])",
    re.IGNORECASE,
)
_BARE_ORDER = re.compile(r"(?<![\w#/&])#(?P<id>[A-Za-z]{0,4}-?\d{4,18})\b|\b(?P<id2>[A-Z]{2,4}-\d{4,18})\b")
_VERSION = re.compile(
    r"\b(?:(?P<system>ios|ipados|android|windows|macos)\s|(?:version|ver\.?|release|firmware|build|app|update)\s?v?|v\.?\s?)"
    r"(?P<number>\d{1,4}(?:\.\d{1,5}){1,3}|(?<=ios )\d{1,2}|(?<=android )\d{1,2}|(?<=windows )\d{1,2}"
    r"|(?<=version )\d{1,3}|(?<=firmware )\d{1,3})\b(?!\s?(?:[€$£%]|hours|days|weeks|minutes|stars|times))",
    re.IGNORECASE,
)
_BARE_VERSION = re.compile(r"(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,4}(?![\w.]*\d)")


def find_entities(text: str) -> tuple[Entity, ...]:
    """What the text names, from left to right without overlap; of two that overlap the surer kind."""
    if not _DIGIT.search(text):
        return ()
    # Pseudonyms are not entities; blanks in their place keep the offsets.
    read = PSEUDONYM.sub(lambda match: " " * len(match[0]), text)
    found: list[Entity] = []
    for look in _LOOKS:
        for entity in look(read):
            if all(entity.end <= other.start or other.end <= entity.start for other in found):
                found.append(entity)
    return tuple(sorted(found, key=lambda entity: entity.start))


def _dates(text: str) -> Iterator[Entity]:
    for match in _NUMERIC_DATE.finditer(text):
        if value := _numeric_date(match):
            yield Entity(DATE, value, *match.span())
    for match in _DAY_FIRST.finditer(text):
        day, month = (int(match["day"] or match["day2"]), _month(_plain(match["month"] or match["month2"])))
        year = match["year"] or match["year2"]
        if value := _valid(int(year) if year else None, month, day):
            yield Entity(DATE, value, *match.span())


def _numeric_date(match: re.Match[str]) -> str:
    """ISO 8601 where the order is sure: dots mean day first; with slashes only a number above 12 tells."""
    if match["iso"]:
        year, month, day = map(int, match["iso"].split("-"))
        return _valid(year, month, day)
    first, second = int(match["a"]), int(match["b"])
    year = int(match["year"]) + (2000 if len(match["year"]) == 2 else 0)
    if match["mark"] == "." or first > 12 or first == second:
        return _valid(year, second, first)
    if second > 12:
        return _valid(year, first, second)
    return match[0] if first <= 12 else ""


def _valid(year: int | None, month: int, day: int) -> str:
    try:
        # Without a year the 29th of February may exist.
        found = date(2000 if year is None else year, month, day)
    except ValueError:
        return ""
    return f"--{month:02}-{day:02}" if year is None else found.isoformat()


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1


def _plain(word: str) -> str:
    """In small letters, and in those alone that the patterns spell: without regard to case they take a dotted capital
    I, a dotless i and a long s for i and s too (`re.IGNORECASE`).
    """
    return word.lower().replace("\u0307", "").replace("\u0131", "i").replace("\u017f", "s")


def _money(text: str) -> Iterator[Entity]:
    for match in _MONEY.finditer(text):
        sign = _plain(match["sign"] or match["sign2"] or match["code"] or match["code2"])
        amount = _number(match["amount"] or match["amount2"] or match["amount3"])
        if match["thousands"] or match["thousands2"]:
            amount *= 1000
        yield Entity(MONEY, f"{amount:.2f} {_CURRENCIES[sign]}", *match.span())


def _number(written: str) -> float:
    """One or two digits behind the last mark are cents, three are thousands."""
    head, mark, tail = written.replace(" ", "").replace("\u00a0", "").replace("'", "").rpartition(_last_mark(written))
    if not mark or len(tail) == 3:
        return float(re.sub(r"[.,]", "", f"{head}{tail}"))
    return float(f"{re.sub(r'[.,]', '', head)}.{tail}")


def _last_mark(written: str) -> str:
    return "," if written.rfind(",") > written.rfind(".") else "."


def _orders(text: str) -> Iterator[Entity]:
    for pattern in (_NAMED_ORDER, _BARE_ORDER):
        for match in pattern.finditer(text):
            group = "id" if match["id"] else "id2"
            yield Entity(ORDER, match[group].upper(), *match.span(group))


def _versions(text: str) -> Iterator[Entity]:
    for match in _VERSION.finditer(text):
        system = f"{_plain(match['system'])} " if match["system"] else ""
        yield Entity(VERSION, f"{system}{match['number']}", match.start("system" if system else "number"), match.end())
    for match in _BARE_VERSION.finditer(text):
        yield Entity(VERSION, match[0], *match.span())


_LOOKS: tuple[Callable[[str], Iterator[Entity]], ...] = (_dates, _money, _orders, _versions)
