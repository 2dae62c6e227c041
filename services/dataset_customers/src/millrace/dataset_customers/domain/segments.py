"""Segments: what the producer sent along with the feedback and that groups it, such as a department or an age band."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from millrace.contracts.records import Record
from millrace.dataset_customers.domain import bands, columns
from millrace.dataset_customers.domain.rows import SegmentRow

MAX_VALUES = 20
"""Distinct values from which an attribute is no segment any more."""
MAX_PLAIN_NUMBERS = 10
"""Distinct numbers up to which each is a value of its own; with more they are put into bands."""
MIN_COVERAGE = 0.5
"""Share of records that must have a value."""
MIN_PER_VALUE = 3
"""Records per value on average; with fewer, the values tell records apart rather than group them."""
MAX_LENGTH = 60
"""Characters of a value; a longer one is text."""

_SPACE = re.compile(r"\s+")

Values = dict[str, str]
"""Value by record id, without empty ones."""


def segments(records: Sequence[Record]) -> list[SegmentRow]:
    """One row per record and segment: the records' own fields first, then the attributes in order of appearance."""
    found = {name: _grouped(values, len(records)) for name, values in _own(records)}
    for name, values in _sent_along(records):
        if name not in found:
            found[name] = _grouped(values, len(records), may_count=not columns.is_identifier(name))
    return [SegmentRow(each, name, value) for name, values in found.items() for each, value in values.items()]


def _own(records: Sequence[Record]) -> Iterable[tuple[str, Values]]:
    for field, name in (("channel", "Channel"), ("source", "Source"), ("product", "Product"), ("lang", "Language")):
        yield name, _values((record.record_id, getattr(record, field)) for record in records)


def _sent_along(records: Sequence[Record]) -> Iterable[tuple[str, Values]]:
    """The attributes that have a name and are not personal."""
    for header in dict.fromkeys(key for record in records for key in record.attrs):
        name = columns.readable(header)
        if name and not columns.is_personal(header):
            yield name, _values((record.record_id, record.attrs.get(header, "")) for record in records)


def _values(pairs: Iterable[tuple[str, str]]) -> Values:
    clean = ((record_id, _SPACE.sub(" ", value).strip()) for record_id, value in pairs)
    return {record_id: value for record_id, value in clean if value and value.casefold() not in columns.NOT_GIVEN}


def _grouped(values: Values, records: int, may_count: bool = False) -> Values:
    """The values as a segment: as they are, in bands if they may count something, or none when they group nothing."""
    if len(values) < MIN_COVERAGE * records or columns.looks_personal(values.values()):
        return {}
    spelled = _spelled_alike(values)
    distinct = len(set(spelled.values()))
    if may_count and distinct > MAX_PLAIN_NUMBERS and bands.numbers(values):
        return bands.banded(values)
    groups = 2 <= distinct <= MAX_VALUES and distinct * MIN_PER_VALUE <= len(spelled)
    return spelled if groups and max(map(len, spelled.values())) <= MAX_LENGTH else {}


def _spelled_alike(values: Values) -> Values:
    """Each value in its most frequent spelling, whatever its case."""
    counts = Counter(values.values())
    best: dict[str, str] = {}
    for spelling, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        best.setdefault(spelling.casefold(), spelling)
    return {record_id: best[value.casefold()] for record_id, value in values.items()}
