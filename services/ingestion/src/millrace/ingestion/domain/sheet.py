"""A text file as a sheet: named columns of clean cells, within bounds."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from millrace.contracts.api import SetAside
from millrace.ingestion.domain import dialect
from millrace.ingestion.domain.dates import Order, read_date
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parsed import MAX_COLUMNS, MAX_FIELD, MAX_RECORDS
from millrace.ingestion.domain.scales import read_rating
from millrace.ingestion.domain.synonyms import is_known

_SPREADSHEET_ERROR = re.compile(r"#(?:NAME\?|N/A|VALUE!|REF!|DIV/0!|NULL!|NUM!|ERROR!|SPILL!)\Z")
"""What a spreadsheet wrote in place of the content: nothing that the customer said."""
_TOO_LONG = f"a cell is longer than {MAX_FIELD} characters: is a quote left open?"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: its number (1 for the first below the header, blank rows counted) and a cell for every column."""

    number: int
    cells: list[str]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The columns and rows of a file. Rows that are blank all over are left out."""

    headers: tuple[str, ...]
    """Unique; `column 3` where the file names none."""
    rows: list[Row]
    torn: list[SetAside] = field(default_factory=list)
    """Rows with more cells than there are columns: an unquoted delimiter shifted them."""
    has_header: bool = True
    delimiter: str = ","
    """Empty for a file of one column."""


def read_sheet(text: str, delimiter_hint: str = "") -> Sheet:
    """The text as a sheet; BadFile when it is empty or out of bounds."""
    declared, body = dialect.split_declaration(text)
    delimiter = declared or dialect.sniff(body, delimiter_hint)
    lines = _bounded(dialect.rows(body, delimiter))
    first = next((row for row in lines if any(row)), None)
    if first is None:
        raise BadFile("empty_file", "the file holds no text")
    if len(first) > MAX_COLUMNS:
        raise BadFile("too_many_columns", f"{len(first)} columns; a file may have {MAX_COLUMNS}")
    has_header = _is_header(first)
    headers = _names(first if has_header else [""] * len(first))
    rows, torn = _collect(lines, headers, [] if has_header else [first])
    if not rows and not torn:
        raise BadFile("no_rows", "the file has a header and no rows below it")
    shown = "" if delimiter == dialect.NO_DELIMITER else delimiter
    return Sheet(headers=headers, rows=rows, torn=torn, has_header=has_header, delimiter=shown)


def _bounded(lines: Iterator[list[str]]) -> Iterator[list[str]]:
    """Rows with clean cells; BadFile at the first cell that is too long."""
    try:
        for number, row in enumerate(lines):
            if any(len(cell) > MAX_FIELD for cell in row):
                raise BadFile("field_too_long", _TOO_LONG, (SetAside(row=number, reason="a cell is too long"),))
            yield [_clean(cell) for cell in row]
    except csv.Error:
        raise BadFile("field_too_long", _TOO_LONG) from None


def _clean(cell: str) -> str:
    cell = cell.strip()
    if "\r" in cell:
        cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    return "" if cell.startswith("#") and _SPREADSHEET_ERROR.match(cell) else cell


def _collect(
    lines: Iterator[list[str]], headers: Sequence[str], begun: list[list[str]]
) -> tuple[list[Row], list[SetAside]]:
    width = len(headers)
    rows = [Row(number=1, cells=cells) for cells in begun]
    torn: list[SetAside] = []
    for number, cells in enumerate(lines, start=1 + len(begun)):
        if not any(cells):
            continue
        if any(cells[width:]):
            torn.append(SetAside(row=number, reason=f"more cells than the {width} columns"))
        else:
            rows.append(Row(number=number, cells=cells[:width] + [""] * (width - len(cells))))
        if len(rows) + len(torn) > MAX_RECORDS:
            raise BadFile("too_many_records", f"more than {MAX_RECORDS} rows; a batch takes no more")
    return rows, torn


def _is_header(first: Sequence[str]) -> bool:
    """Whether the first row names columns.

    Two known names decide, or one beside no number or date: `email` may also be a value. Unknown names pass where
    none is a sentence.
    """
    cells = [cell for cell in first if cell]
    known = sum(map(is_known, cells))
    if known >= 2:
        return True
    if any(read_rating(cell) or read_date(cell, Order()) for cell in cells if not is_known(cell)):
        return False
    return known > 0 or not any(cell.endswith((".", "!")) and len(cell.split()) >= 4 for cell in cells)


def _names(first: Sequence[str]) -> tuple[str, ...]:
    """Headers without repeats: the second `Score` is `Score (2)`."""
    names: list[str] = []
    for index, header in enumerate(first, start=1):
        wanted = " ".join(header.split())[:128] or f"column {index}"
        name, count = wanted, 1
        while name in names:
            count += 1
            name = f"{wanted} ({count})"
        names.append(name)
    return tuple(names)
