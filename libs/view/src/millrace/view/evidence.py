"""Quotes as evidence: one anchor for each record that the page quotes, so that a claim can point at it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from millrace.view.formats import cut, first

SHOWN = 6
"""Record ids that a claim names."""


@dataclass
class Evidence:
    """Which records the page quotes. Filled while sections are written, asked by what is written after them."""

    _places: dict[str, str] = field(default_factory=dict)

    def place(self, record_id: str) -> str:
        """An anchor for a quote of this record; empty when the page has one already."""
        if record_id in self._places:
            return ""
        self._places[record_id] = f"quote-{len(self._places) + 1}"
        return self._places[record_id]

    def links(self, records: Iterable[str]) -> tuple[list[tuple[str, str]], int]:
        """Record ids with their quotes' anchors, or nothing, those with a quote first; and how many more there are."""
        known = sorted(dict.fromkeys(records), key=lambda record: record not in self._places)
        shown, more = first(known, SHOWN)
        return [(cut(record, 40), self._places.get(record, "")) for record in shown], more
