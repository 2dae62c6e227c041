"""Numbers, shares, times and texts as people write them. Pure; a minus is U+2212, a gap before a unit never breaks."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from millrace.contracts.insights import Estimate

GAP = "\u00a0"
MINUS = "\u2212"
TIMES = "\u00d7"
DASH = "\u2013"
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_NEGATIVE = re.compile(r"(?<![\w-])-(?=\d)")
_RELATION = re.compile(r"\bp ([<=]) (?=\d)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Item = TypeVar("Item")


def number(value: float, digits: int = 2) -> str:
    """A plain number: `4.18`, `1,204.5`, `-0.25`. What rounds to nothing has no sign."""
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if not float(text.replace(",", "")) else text.replace("-", MINUS)


def signed(value: float, digits: int = 2) -> str:
    """A difference: `+0.13`, `-0.25`, `0.00`."""
    text = number(value, digits)
    return text if text.startswith(MINUS) or not text.strip("0.,") else f"+{text}"


def telling(value: float) -> int:
    """Decimals that show two digits of a value that may be small: 2 at least, 5 at most."""
    return 2 if not value else min(5, max(2, 1 - math.floor(math.log10(abs(value)))))


def count(n: float) -> str:
    """A whole number: `1,204`."""
    return number(n, 0)


def counted(n: int, noun: str, plural: str = "") -> str:
    """A count with its noun: `1 record`, `1,204 records`."""
    return f"{count(n)}{GAP}{noun if n == 1 else plural or f'{noun}s'}"


def percent(share: float) -> str:
    """A share between 0 and 1: `56 %`, `4.2 %` below ten; never a rounded `0 %` or `100 %` for what is neither."""
    if 0 < share < 0.0005:
        return f"<{GAP}0.1{GAP}%"
    if 0.995 <= share < 1:
        return f"{min(100 * share, 99.9):.1f}{GAP}%"
    return f"{100 * share:.0f}{GAP}%" if share >= 0.0995 or share <= 0 else f"{100 * share:.1f}{GAP}%"


def points(difference: float) -> str:
    """A difference of shares: `+2.5 points`."""
    return f"{signed(100 * difference, 1)}{GAP}points"


def times(ratio: float) -> str:
    """A ratio: `2.4` and a multiplication sign."""
    return f"{number(ratio, 1)}{TIMES}"


def interval(estimate: Estimate, write: Callable[[float], str] = number) -> str:
    """The confidence interval: `4.15 to 4.21`."""
    return span(estimate.low, estimate.high, write)


def span(low: float, high: float, write: Callable[[float], str] = number) -> str:
    """Two numbers as a range, the unit once: `12 to 18 %`."""
    first, last = write(low), write(high)
    unit = last.partition(GAP)[2]
    return f"{first.removesuffix(f'{GAP}{unit}') if unit else first} to {last}"


def p_value(value: float) -> str:
    """As it is usually written: `p = 0.012`, `p < 0.001`."""
    return f"p{GAP}<{GAP}0.001" if value < 0.001 else f"p{GAP}={GAP}{p_number(value)}"


def p_number(value: float) -> str:
    """A p-value in a table: `0.71`, `0.012`, `<0.001`."""
    return "<0.001" if value < 0.001 else number(value, 2 if value >= 0.1 else 3)


def duration(seconds: float) -> str:
    """A stretch of time in its one or two largest units: `0.8 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    whole = round(seconds)
    if whole < MINUTE_S:
        return f"{number(seconds, 1 if seconds < 10 else 0)}{GAP}s"
    if whole < HOUR_S - 30:
        return f"{count(whole / MINUTE_S)}{GAP}min"
    size, unit, below, name = (HOUR_S, "h", MINUTE_S, "min") if whole < DAY_S - 30 else (DAY_S, "d", HOUR_S, "h")
    most, rest = divmod(round(whole / below), size // below)
    return f"{count(most)}{GAP}{unit} {rest}{GAP}{name}" if rest else f"{count(most)}{GAP}{unit}"


def date(at: datetime) -> str:
    """A day: `3 March 2025`."""
    return f"{day(at)} {at.year}"


def day(at: datetime) -> str:
    """A day whose year is known: `3 March`."""
    return f"{at.day}{GAP}{_MONTHS[at.month - 1]}"


def tick(at: datetime) -> str:
    """A day on an axis: `3 Mar`."""
    return f"{at.day}{GAP}{_MONTHS[at.month - 1][:3]}"


def moment(at: datetime) -> str:
    """A point in time: `3 March 2025, 14:05`."""
    return f"{date(at)}, {at:%H:%M}"


def period(first: datetime, last: datetime) -> str:
    """From day to day, saying month and year once: `3 to 14 March 2025`."""
    if first.date() == last.date():
        return date(last)
    if first.year != last.year:
        return f"{date(first)} to {date(last)}"
    return f"{first.day if first.month == last.month else day(first)} to {date(last)}"


def money(usd: float) -> str:
    """US dollars with two telling digits: `$0.00042`, `$1.20`."""
    if 0 < usd < 0.00001:
        return f"less than{GAP}$0.00001"
    return f"${usd:,.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.5f}".rstrip("0")


def listed(items: Iterable[str]) -> str:
    """Words in a row: `a, b and c`."""
    *most, last = [*items] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def cut(text: str, limit: int) -> str:
    """The text, ended at a word and with an ellipsis where it is longer. Control characters are left out."""
    clean = " ".join(_CONTROL.sub(" ", text).split())
    if len(clean) <= limit:
        return clean
    kept, _, rest = clean[:limit].rpartition(" ")
    return f"{kept if kept and len(rest) < limit / 3 else clean[:limit]}…"


def readable(page: str) -> str:
    """The page without control characters, which HTML does not allow."""
    return _CONTROL.sub("", page)


def first(items: Sequence[Item], most: int) -> tuple[Sequence[Item], int]:
    """The first items, and how many more there are. One more is shown rather than counted."""
    return (items, 0) if len(items) <= most + 1 else (items[:most], len(items) - most)


def typeset(text: str) -> str:
    """A sentence that was written in plain characters, with real minus signs and units that stay with their number."""
    spaced = text.replace(" %", f"{GAP}%").replace("n=", f"n{GAP}={GAP}")
    return _RELATION.sub(f"p{GAP}\\1{GAP}", _NEGATIVE.sub(MINUS, spaced))


def says(text: str, n: int) -> bool:
    """Whether a sentence names its n already."""
    return re.search(rf"n={n:,}(?!\d)", text) is not None


def asides(text: str) -> list[tuple[str, bool]]:
    """A sentence in pieces, each with whether it stands in parentheses: a claim is read before its figures."""
    pieces = re.split(r"(\([^()]*\))", typeset(text))
    return [(piece, piece.startswith("(")) for piece in pieces if piece]
