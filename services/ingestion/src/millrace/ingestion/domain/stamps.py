"""Times in a transcript: of the clock, or since the beginning."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from millrace.ingestion.domain.dates import Order, day_month_order, read_date

_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?(?:[ \u202f]?[AaPp]\.?[Mm]\.?)?"
STAMP = rf"(?:\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}},?[ T])?{_TIME}(?:Z|[+-]\d{{2}}:?\d{{2}})?"
"""`2024-01-05 10:32`, `05/01/24, 10:32:11`, `10:32 AM`, `00:01:23`."""

_PARTS = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?\s*(?:([AaPp])\.?[Mm]\.?)?\Z")
_SOON = timedelta(minutes=5)
"""A first time earlier than that counts from the conversation's beginning: few calls come right after midnight."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """How the times of one file are read."""

    order: Order
    undated: bool
    """Whether there are times that no date goes with."""

    @classmethod
    def over(cls, stamps: Sequence[str], beginnings: Sequence[str]) -> "Clock":
        """The clock of a file with these times in it."""
        order = day_month_order([text for text in (*stamps, *beginnings) if text])
        dated = any(read_date(began, order) for began in beginnings)
        return cls(order=order, undated=not dated and any(_PARTS.fullmatch(stamp) for stamp in stamps))

    def times(self, began: str, stamps: Sequence[str]) -> list[datetime | None]:
        """The moment of each turn of a conversation; None where the file does not say the day."""
        base = read_date(began, self.order)
        spans = _spans(stamps)
        first = next((span for span in spans if span is not None), timedelta())
        midnight = base.replace(hour=0, minute=0, second=0, microsecond=0) if base else None
        zero = base if first < _SOON else midnight
        return [
            zero + span if zero and span is not None else read_date(stamp, self.order) or (None if stamp else base)
            for stamp, span in zip(stamps, spans, strict=True)
        ]


def _spans(stamps: Sequence[str]) -> list[timedelta | None]:
    """Times without a date, as time since midnight or the beginning; None for others.

    Two numbers are hours and minutes, unless the first of them has no hours: a recording then counts minutes and
    seconds.
    """
    found = [_PARTS.fullmatch(stamp) for stamp in stamps]
    short = next((int(parts[1]) == 0 and not parts[4] for parts in found if parts and not parts[3]), False)
    return [_span(parts, short) if parts else None for parts in found]


def _span(parts: re.Match[str], short: bool) -> timedelta:
    first, second = int(parts[1]), int(parts[2])
    if parts[3] is None and short:
        return timedelta(minutes=first, seconds=second)
    if half := parts[4]:
        first = first % 12 + (12 if half in "pP" else 0)
    return timedelta(hours=first, minutes=second, seconds=int(parts[3] or 0))
