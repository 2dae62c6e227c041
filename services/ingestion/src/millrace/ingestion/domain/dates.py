"""Dates: ISO 8601 first, then the forms that exports use; day and month are told apart over the whole column."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""What is taken for the date of feedback; a spreadsheet's year 1 or 9999 is none."""

_LONGEST = 64
"""Characters of a date, its weekday and zone; also keeps the patterns from running long on hostile text."""

_TIME = (
    r"(?:[ ,T]+(?:at |um )?(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?(?:[.,]\d+)?"
    r"\s*(?P<half>[ap]\.?m\.?)?)?\s*\(?(?P<zone>Z|[A-Z]{3,4}|(?:UTC|GMT)?[+-]\d{1,2}:?(?:\d{2})?)?\)?\Z"
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}|\d{8}T")
_NUMERIC = re.compile(r"(?P<a>\d{1,4})(?P<mark>[./-])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{1,4})" + _TIME, re.IGNORECASE)
_DAY_MONTH = re.compile(
    r"(?:[^\W\d]{2,9}\.?,?\s+)?(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?[ -](?:de )?(?P<month>[^\W\d]{3,10})\.?,?[ -](?:de )?"
    r"(?P<year>\d{4})" + _TIME,
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    r"(?:[^\W\d]{2,9}\.?,\s+)?(?P<month>[^\W\d]{3,10})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+"
    r"(?P<year>\d{4})" + _TIME,
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>\d{2})?\Z")
_EPOCH = re.compile(r"\d{5}(?:\.\d+)?|\d{8}|\d{10}(?:\.\d+)?|\d{13}")

_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "jan january januar enero janvier", "feb february februar febrero février",
            "mar march märz mär marzo mars", "apr april abril avril", "may mai mayo", "jun june juni junio juin",
            "jul july juli julio juillet", "aug august agosto août", "sep sept september septiembre septembre",
            "oct october okt oktober octubre octobre", "nov november noviembre novembre",
            "dec december dez dezember diciembre décembre",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
"""Hours east of UTC of the abbreviations that exports print (RFC 2822 for the American ones)."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Whether `03/04/2024` is the third of April."""

    day_first: bool = False
    told: bool = True
    """Whether the column says so itself; False for a guess."""


def read_date(cell: str, order: Order, numbers: bool = False) -> datetime | None:
    """The moment in UTC, a time without a zone being UTC; None when the cell is no date from 1970 to 2099.

    With `numbers`, also Unix seconds and milliseconds, `20240131`, and days since 1899-12-30 as Excel counts them.
    """
    if len(cell) > _LONGEST:
        return None
    try:
        moment = _read(cell, order, numbers)
        if moment is None:
            return None
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return aware if _FIRST <= aware < _LAST else None


def day_month_order(cells: Sequence[str]) -> Order:
    """Which of two numbers is the day, over the whole column.

    A number above 12 decides, by majority. Else the order in which the dates lie closer together; else the
    custom of the mark: day first with a point or hyphen, month first with a slash.
    """
    pairs = [(int(found["a"]), int(found["b"]), found) for found in _numerics(cells)]
    if not pairs:
        return Order()
    day_first, month_first = sum(a > 12 for a, _, _ in pairs), sum(b > 12 for _, b, _ in pairs)
    if day_first or month_first:
        return Order(day_first=day_first > month_first)
    years = [cell["c"] for _, _, cell in pairs]
    day_span = _span(years, [(a, b) for a, b, _ in pairs])
    month_span = _span(years, [(b, a) for a, b, _ in pairs])
    if day_span != month_span:
        return Order(day_first=day_span < month_span, told=False)
    return Order(day_first=pairs[0][2]["mark"] != "/", told=all(a == b for a, b, _ in pairs))


def _numerics(cells: Sequence[str]) -> list[re.Match[str]]:
    """The dates that end in their year."""
    found = (_NUMERIC.match(cell) for cell in cells if len(cell) <= _LONGEST)
    return [match for match in found if match is not None and len(match["a"]) <= 2]


def _span(years: Sequence[str], days_months: Sequence[tuple[int, int]]) -> int:
    """Days between the first and the last date, months taken as 31 days."""
    days = [(_full_year(year) * 12 + month) * 31 + day for year, (day, month) in zip(years, days_months, strict=True)]
    return max(days) - min(days)


def _read(cell: str, order: Order, numbers: bool) -> datetime | None:
    if _ISO.match(cell):
        iso = _iso(cell)
        if iso is not None:
            return iso
    if found := _NUMERIC.match(cell):
        return _numeric(found, order)
    if found := _DAY_MONTH.match(cell) or _MONTH_DAY.match(cell):
        month = _MONTHS.get(found["month"].casefold(), 0)
        return _moment(found, int(found["year"]), month, int(found["day"])) if month else None
    return _counted(cell) if numbers and _EPOCH.fullmatch(cell) else None


def _iso(cell: str) -> datetime | None:
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        return None


def _numeric(found: re.Match[str], order: Order) -> datetime:
    first, second, third = found["a"], int(found["b"]), found["c"]
    if len(first) > 2:
        return _moment(found, int(first), second, int(third))
    day, month = (int(first), second) if order.day_first else (second, int(first))
    return _moment(found, _full_year(third), month, day)


def _full_year(digits: str) -> int:
    """Two digits: 69 to 99 are the last century (POSIX strptime)."""
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (1900 if year >= 69 else 2000)


def _moment(found: re.Match[str], year: int, month: int, day: int) -> datetime:
    hour = int(found["hour"] or 0)
    if half := found["half"]:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    minute, second = int(found["minute"] or 0), int(found["second"] or 0)
    return datetime(year, month, day, hour, minute, second, tzinfo=_zone(found["zone"]))


def _zone(name: str | None) -> timezone:
    if not name:
        return UTC
    if found := _OFFSET.search(name):
        sign = -1 if found["sign"] == "-" else 1
        return timezone(sign * timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0)))
    if name.upper() not in _ZONES:
        raise ValueError("unknown zone")
    return timezone(timedelta(hours=_ZONES[name.upper()]))


def _counted(cell: str) -> datetime:
    whole = cell.partition(".")[0]
    if len(whole) == 5:
        return datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=float(cell))
    if len(whole) == 8:
        return datetime.fromisoformat(whole)
    return datetime.fromtimestamp(float(cell) / (1000 if len(whole) == 13 else 1), tz=UTC)
