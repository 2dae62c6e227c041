"""Rows of cells as a sheet: named columns of clean cells, within bounds."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from millrace.contracts.api import SetAside
from millrace.ingestion.domain import dialect
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.leading import LOOK_AHEAD, find_head
from millrace.ingestion.domain.parsed import MAX_COLUMNS, MAX_FIELD, MAX_RECORDS

_SPREADSHEET_ERROR = re.compile(r"#(?:NAME\?|N/A|VALUE!|REF!|DIV/0!|NULL!|NUM!|ERROR!|SPILL!)\Z")
"""What a spreadsheet wrote in place of the content: nothing that the customer said."""
_OPEN_QUOTE = f"a cell is longer than {MAX_FIELD} characters: is a quote left open?"
_TOO_LONG = f"a cell is longer than {MAX_FIELD} characters"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: its number (1 for the first below the header, blank rows counted) and a cell for every column."""

    number: int
    cells: list[str]
    sheet: str = ""
    """The sheet that it stands in, where several are read."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The columns and rows of a file. Rows that are blank all over are left out."""

    headers: tuple[str, ...] = ()
    """Unique; `column 3` where the file names none."""
    rows: list[Row] = field(default_factory=list)
    torn: list[SetAside] = field(default_factory=list)
    """Rows with more cells than there are columns, where an unquoted delimiter shifted them, or with a huge cell."""
    has_header: bool = True
    delimiter: str = ""
    """Empty for a file of one column, and for files that need none."""
    skipped: int = 0
    """Rows above the header that are not part of the table."""


def read_sheet(text: str, delimiter_hint: str = "") -> Sheet:
    """The text as a sheet; BadFile when it is out of bounds."""
    declared, body = dialect.split_declaration(text)
    delimiter = declared or dialect.sniff(body, delimiter_hint)
    return sheet_of(dialect.rows(body, delimiter), delimiter)


def sheet_of(rows: Iterator[list[str]], delimiter: str) -> Sheet:
    """The rows of a delimited text as a sheet; BadFile when it is out of bounds."""
    shown = "" if delimiter == dialect.NO_DELIMITER else delimiter
    try:
        return to_sheet(_closed(rows), shown)
    except csv.Error:
        raise BadFile("field_too_long", _OPEN_QUOTE) from None


def to_sheet(lines: Iterator[list[str]], delimiter: str = "") -> Sheet:
    """Rows of cells as a sheet, which has no columns where there is no cell; BadFile when it is out of bounds."""
    clean = ([_clean(cell) for cell in row] for row in lines)
    head = _first_rows(clean)
    if not head:
        return Sheet(delimiter=delimiter)
    found = find_head(head)
    if len(found.headers) > MAX_COLUMNS:
        raise BadFile("too_many_columns", f"{len(found.headers)} columns; a file may have {MAX_COLUMNS}")
    headers = _names(found.headers)
    rows, torn = _collect(chain(head[found.body :], clean), len(headers))
    return Sheet(
        headers=headers, rows=rows, torn=torn, has_header=found.named, delimiter=delimiter, skipped=found.skipped
    )


def from_columns(names: Sequence[str], columns: Sequence[Sequence[str]]) -> Sheet:
    """A sheet out of columns whose names the file itself gives."""
    cells = ([_clean(cell) for cell in row] for row in zip(*columns, strict=True))
    rows, torn = _collect(cells, len(names))
    return Sheet(headers=_names(names), rows=rows, torn=torn)


def _first_rows(lines: Iterator[list[str]]) -> list[list[str]]:
    """The first row that is not blank, and some below it."""
    for row in lines:
        if any(row):
            return [row, *islice(lines, LOOK_AHEAD)]
    return []


def _closed(lines: Iterator[list[str]]) -> Iterator[list[str]]:
    """The rows, unless the last is what an open quote swallowed."""
    last: list[str] = []
    for row in lines:
        last = row
        yield row
    if last and len(last[-1]) > MAX_FIELD and "\n" in last[-1]:
        raise BadFile("field_too_long", _OPEN_QUOTE)


def _clean(cell: str) -> str:
    cell = cell.strip()
    if "\r" in cell:
        cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    return "" if cell.startswith("#") and _SPREADSHEET_ERROR.match(cell) else cell


def _collect(lines: Iterator[list[str]], width: int) -> tuple[list[Row], list[SetAside]]:
    rows: list[Row] = []
    torn: list[SetAside] = []
    for number, cells in enumerate(lines, start=1):
        if not any(cells):
            continue
        if any(cells[width:]):
            torn.append(SetAside(row=number, reason=f"more cells than the {width} columns"))
        elif any(len(cell) > MAX_FIELD for cell in cells):
            torn.append(SetAside(row=number, reason=_TOO_LONG))
        else:
            rows.append(Row(number=number, cells=cells[:width] + [""] * (width - len(cells))))
        if len(rows) + len(torn) > MAX_RECORDS:
            raise BadFile("too_many_records", f"more than {MAX_RECORDS} rows; a batch takes no more")
    return rows, torn


def _names(first: Sequence[str]) -> tuple[str, ...]:
    """Headers without repeats: the second `Score` is `Score (2)`."""
    names: dict[str, None] = {}
    for index, header in enumerate(first, start=1):
        wanted = " ".join(header.split())[:128] or f"column {index}"
        name, count = wanted, 1
        while name in names:
            count += 1
            name = f"{wanted} ({count})"
        names[name] = None
    return tuple(names)
