"""XLSX: which sheets hold the feedback, and their rows."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from millrace.ingestion.domain.archive import unpacked
from millrace.ingestion.domain.cells import as_text
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.foreign import guarded
from millrace.ingestion.domain.parsed import MAX_RECORDS, Options, Parsed
from millrace.ingestion.domain.rows import in_sheet
from millrace.ingestion.domain.sheet import Sheet, to_sheet
from millrace.ingestion.domain.synonyms import phrase
from millrace.ingestion.domain.tabular import Origin, Table, parsed, tabulate

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

Named = dict[str, Sheet]
"""Sheets by name, in the order of the workbook."""


def parse_workbook(data: bytes, options: Options) -> Parsed:
    """The records of the sheet with the most usable feedback, and of those with the same columns."""
    plain = unpacked(data)
    sheets, notes = guarded("the workbook is damaged", lambda: _sheets(plain))
    groups = list(_alike(sheets).values())
    chosen, table = _best(groups, options) if groups else ({}, tabulate(Sheet(), options))
    left = tuple(name for name in sheets if name not in chosen)
    origin = Origin(format="xlsx", sheets=tuple(chosen), sheets_left=left, notes=notes)
    return parsed(table, origin)


def _sheets(plain: bytes) -> tuple[Named, tuple[str, ...]]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum  # in the parser's child only

    sheets: Named = {}
    hidden = 0
    with CalamineWorkbook.from_filelike(io.BytesIO(plain)) as book:
        for index, about in enumerate(book.sheets_metadata):
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            if about.visible != SheetVisibleEnum.Visible:
                hidden += 1
                continue
            sheets[about.name] = to_sheet(_rows(book.get_sheet_by_index(index)))
    return sheets, (f"hidden sheets that were not read: {hidden}",) if hidden else ()


def _rows(sheet: "CalamineSheet") -> Iterator[list[str]]:
    """The sheet's rows; what was merged downwards stands in every row that it spans."""
    spans = {
        (top, column): bottom
        for (top, column), (bottom, _) in sheet.merged_cell_ranges or ()
        if bottom > top and bottom - top <= MAX_RECORDS
    }
    down: dict[tuple[int, int], Any] = {}
    for number, row in enumerate(sheet.to_python(skip_empty_area=False)):
        for column, value in enumerate(row):
            bottom = spans.get((number, column))
            if bottom is not None and _holds_for_all(value):
                down |= {(below, column): value for below in range(number + 1, bottom + 1)}
        yield [as_text(down.get((number, column), value)) for column, value in enumerate(row)]


def _holds_for_all(value: object) -> bool:
    """Whether a merged value describes every row: a name or a date does; a rating or a comment was given once."""
    return isinstance(value, date) or (isinstance(value, str) and 0 < len(value.split()) < 4)


def _alike(sheets: Named) -> dict[tuple[str, ...], Named]:
    """The sheets that have a column, by their headers."""
    groups: dict[tuple[str, ...], Named] = {}
    for name, sheet in sheets.items():
        if sheet.headers:
            groups.setdefault(tuple(map(phrase, sheet.headers)), {})[name] = sheet
    return groups


def _best(groups: list[Named], options: Options) -> tuple[Named, Table]:
    """The group with most records that have a text, then most records; BadFile of the first when none has any."""
    ranked: list[tuple[int, int, int, Table]] = []
    refusals: list[BadFile] = []
    for position, group in enumerate(groups):
        try:
            table = tabulate(_joined(group), options)
        except BadFile as error:
            refusals.append(error)
            continue
        records = table.collected.records
        ranked.append((sum(bool(record.text) for record in records), len(records), -position, table))
    if not ranked or (refusals and not max(each[1] for each in ranked)):
        raise refusals[0]
    best = max(ranked, key=lambda each: each[:3])
    return groups[-best[2]], best[3]


def _joined(group: Named) -> Sheet:
    """Sheets of the same columns as one."""
    first, *others = group.values()
    if not others:
        return first
    rows = [replace(row, sheet=name) for name, sheet in group.items() for row in sheet.rows]
    torn = [in_sheet(fault, name) for name, sheet in group.items() for fault in sheet.torn]
    if len(rows) + len(torn) > MAX_RECORDS:
        raise BadFile("too_many_records", f"more than {MAX_RECORDS} rows in all; a batch takes no more")
    return replace(first, rows=rows, torn=torn)
