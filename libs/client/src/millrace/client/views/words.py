"""Numbers, moments and foreign text as they are shown."""

import re
from datetime import datetime

from rich.text import Text

from millrace.contracts.insights import Estimate
from millrace.contracts.outcome import Coverage
from millrace.contracts.records import Scale

NONE = "-"

_BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]+")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and overrides of the writing direction."""

_STYLES = {
    "completed": "green", "succeeded": "green", "delivered": "green", "partial": "yellow", "skipped": "yellow",
    "timed_out": "yellow", "pending": "yellow", "failed": "red", "cancelled": "red", "given_up": "red",
    "refused": "red", "no answer": "red",
}  # fmt: skip


def plain(value: str) -> str:
    """Text of others on one line, with nothing in it that a terminal would obey."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", _BREAKS.sub(" ", value))


def status(value: str, bold: bool = False) -> Text:
    """A status in its colour and in words; in bold it begins a sentence."""
    words = plain(value).replace("_", " ")
    return Text(words.capitalize() if bold else words, f"{'bold ' if bold else ''}{_STYLES.get(value, '')}".strip())


def count(value: int, one: str, many: str = "") -> str:
    """`1 record`, `2,000 records`."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def seconds(value: float) -> str:
    """`6.42 s`, and `75 s` from a minute on."""
    return f"{value:.2f} s" if value < 60 else f"{value:,.0f} s"


_UNITS = ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min"))


def duration(value: float) -> str:
    """`42.5 s`, `7.5 min`, `3.0 h`, `2.1 days`: one unit, from two of them on."""
    for size, unit in _UNITS:
        if value >= 2 * size:
            return f"{value / size:,.1f} {unit}"
    return f"{value:.1f} s"


def scale(kind: str) -> str:
    """A rating scale with its bounds: `stars5, 1 to 5`. A newer API may know more scales than this release."""
    known = {each.value: each.bounds for each in Scale}
    return f"{kind}, {known[kind][0]:g} to {known[kind][1]:g}" if kind in known else kind


def moment(value: datetime | None) -> str:
    """`2026-01-31 12:00:05 UTC`."""
    return f"{value:%Y-%m-%d %H:%M:%S} UTC" if value else NONE


def percent(share: float) -> str:
    """`12 %`; under 10 % with one decimal."""
    points = share * 100
    return f"{points:.1f} %" if 0 < abs(points) < 10 else f"{points:.0f} %"


def coverage(value: Coverage | None) -> str:
    """`840 of 1,000 (84 %)`; never 100 % while something is missing."""
    if value is None:
        return NONE
    share = min(value.share, 0.99) if value.seen < value.total else value.share
    return f"{value.seen:,} of {value.total:,} ({percent(share)})"


def score(value: float) -> str:
    """A number on the raw scale: `4.12`."""
    return f"{value:.2f}"


def change(value: float) -> str:
    """A difference with its sign: `-0.31`."""
    return f"{value:+.2f}"


def points(value: float) -> str:
    """A score in points: `+34`."""
    return f"{value:+.0f}"


def interval(value: Estimate, form: str = ".2f", factor: float = 1.0) -> str:
    """`3.95 to 4.29`."""
    return f"{value.low * factor:{form}} to {value.high * factor:{form}}"


def level(value: Estimate) -> str:
    """What the interval promises: `95 % interval`."""
    return f"{value.level * 100:.0f} % interval"
