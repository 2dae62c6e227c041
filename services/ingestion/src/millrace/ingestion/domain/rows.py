"""Rows of a sheet to records, and the rows that have to be set aside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from millrace.contracts.api import SetAside
from millrace.contracts.records import Record
from millrace.ingestion.domain.columns import Column
from millrace.ingestion.domain.dates import Order, read_date
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.faults import NOTHING_SAID, OFF_SCALE, record_faults
from millrace.ingestion.domain.identity import UniqueIds, id_for_row
from millrace.ingestion.domain.mapping import Assignment
from millrace.ingestion.domain.parsed import MAX_LISTED, MAX_UNREADABLE
from millrace.ingestion.domain.scales import is_on_scale, is_unanswered, read_rating
from millrace.ingestion.domain.sheet import Row, Sheet
from millrace.ingestion.domain.synonyms import ROLES, phrase

_MAX_ATTR = 256
"""Characters kept of one attribute: segments are short, and longer values are not worth the space."""

_PLAIN = ("title", "source", "channel", "customer_ref", "thread_ref", "product", "lang")
_NOTHING = frozenset({"nan", "null", "n/a", "na", "none", "<na>"})
"""How exports write a missing text."""


class _Unreadable(Exception):
    """A cell cannot be read as its field."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Collected:
    """Records in the order of their rows, and what was left."""

    records: tuple[Record, ...]
    set_aside: tuple[SetAside, ...]
    set_aside_total: int


def collect(sheet: Sheet, assignment: Assignment) -> Collected:
    """The sheet's records. BadFile when no row is usable or more than `MAX_UNREADABLE` of them are unreadable.

    A row without text and rating is set aside and blames nobody; one that is torn or has a rating or date that
    cannot be read counts as unreadable.
    """
    reader = _RowReader(assignment)
    records: list[Record] = []
    silent: list[SetAside] = []
    unreadable: list[SetAside] = list(sheet.torn)
    for row in sheet.rows:
        outcome = reader.read(row)
        if isinstance(outcome, Record):
            records.append(outcome)
        else:
            kind = silent if outcome.reason == NOTHING_SAID else unreadable
            kind.append(in_sheet(outcome, row.sheet))
    _refuse(len(sheet.rows) + len(sheet.torn), records, silent, unreadable)
    aside = sorted([*silent, *unreadable], key=lambda fault: fault.row)
    return Collected(records=tuple(records), set_aside=tuple(aside[:MAX_LISTED]), set_aside_total=len(aside))


def _refuse(rows: int, records: list[Record], silent: list[SetAside], unreadable: list[SetAside]) -> None:
    listed = tuple(sorted(unreadable, key=lambda fault: fault.row)[:MAX_LISTED])
    if len(unreadable) > MAX_UNREADABLE * rows:
        detail = f"{len(unreadable)} of {rows} rows cannot be read; nothing was accepted"
        raise BadFile("unreadable_rows", detail, listed)
    if not records:
        raise BadFile("no_usable_rows", f"none of {rows} rows has a text or a rating", tuple(silent[:MAX_LISTED]))


def in_sheet(fault: SetAside, sheet: str) -> SetAside:
    """The fault with the sheet's name, where several sheets were read: their rows have the same numbers."""
    return fault.model_copy(update={"reason": f"{fault.reason} (sheet {sheet!r})"}) if sheet else fault


class _RowReader:
    def __init__(self, assignment: Assignment) -> None:
        fields = assignment.fields
        self._at = {name: column.index for name, column in fields.items()}
        self._plain = [(name, self._at[name]) for name in _PLAIN if name in self._at]
        self._attrs = [(column.header, column.index) for column in assignment.attrs]
        self._also = [column.index for column in assignment.also_text]
        self._scale = assignment.scale
        self._order = fields["created_at"].order if "created_at" in fields else Order()
        self._ids = UniqueIds()

    def read(self, row: Row) -> Record | SetAside:
        """The row as a record, or why it is none."""
        cells = row.cells
        text, title = self._text(cells), self._said(cells, "title")
        try:
            rating, created_at = self._rating(cells), self._created_at(cells)
            if not text and not title and rating is None:
                return SetAside(row=row.number, reason=NOTHING_SAID)
            values: dict[str, Any] = {name: cells[index] for name, index in self._plain}
            values |= {"text": text, "title": title, "rating": rating, "created_at": created_at}
            return self._record(row, values)
        except _Unreadable as fault:
            return SetAside(row=row.number, field=fault.field, reason=fault.reason)
        except ValidationError as error:
            return record_faults(error, row.number)[0]

    def _text(self, cells: Sequence[str]) -> str:
        said = self._said(cells, "text")
        if not self._also:
            return said
        answers = (said, *(_said(cells[index]) for index in self._also))
        return "\n\n".join(filter(None, answers))

    def _record(self, row: Row, values: dict[str, Any]) -> Record:
        cells = row.cells
        if "author_role" in self._at and (role := cells[self._at["author_role"]]):
            values["author_role"] = ROLES.get(phrase(role), role)
        values["attrs"] = {name: cells[index][:_MAX_ATTR] for name, index in self._attrs if cells[index]}
        named = cells[self._at["record_id"]] if "record_id" in self._at else ""
        record = Record.model_validate({**values, "record_id": named or id_for_row(row.number)})
        unique = self._ids.claim(record.record_id)
        return record if unique == record.record_id else record.model_copy(update={"record_id": unique})

    def _said(self, cells: Sequence[str], name: str) -> str:
        if name not in self._at:
            return ""
        return _said(cells[self._at[name]])

    def _rating(self, cells: Sequence[str]) -> Mapping[str, Any] | None:
        if "rating" not in self._at or self._scale is None:
            return None
        cell = cells[self._at["rating"]]
        if is_unanswered(cell):
            return None
        reading = read_rating(cell)
        if reading is None or not is_on_scale(reading.value, self._scale):
            raise _Unreadable("rating", OFF_SCALE)
        return {"scale": self._scale, "value": reading.value}

    def _created_at(self, cells: Sequence[str]) -> datetime | None:
        if "created_at" not in self._at:
            return None
        cell = cells[self._at["created_at"]]
        if not cell or cell.casefold() in _NOTHING:
            return None
        moment = read_date(cell, self._order, numbers=True)
        if moment is None:
            raise _Unreadable("created_at", "not a date that can be read")
        return moment


def _said(cell: str) -> str:
    return "" if cell.casefold() in _NOTHING else cell


def columns_of(sheet: Sheet) -> list[Column]:
    """The sheet turned on its side."""
    cells = list(zip(*(row.cells for row in sheet.rows), strict=True)) or [()] * len(sheet.headers)
    return [
        Column(index=index, header=header, cells=values, named=sheet.has_header and not _unnamed(header, index))
        for index, (header, values) in enumerate(zip(sheet.headers, cells, strict=True))
    ]


def _unnamed(header: str, index: int) -> bool:
    return header == f"column {index + 1}"
