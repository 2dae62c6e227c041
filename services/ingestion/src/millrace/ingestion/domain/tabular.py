"""A sheet to records: the same way for delimited text, workbooks and Parquet."""

from dataclasses import dataclass

from millrace.contracts.api import ColumnMapping
from millrace.ingestion.domain.dates import Order
from millrace.ingestion.domain.decoding import decode
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.mapping import Assignment, assign
from millrace.ingestion.domain.parsed import MAX_LISTED, Options, Parsed
from millrace.ingestion.domain.rows import Collected, collect, columns_of
from millrace.ingestion.domain.sheet import Sheet, read_sheet

NO_ROWS = "the file holds no rows"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a sheet came from, as the answer says it."""

    format: str
    encoding: str = "utf-8"
    sheets: tuple[str, ...] = ()
    sheets_left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """A sheet with what its columns are, and its records."""

    sheet: Sheet
    assignment: Assignment | None
    """None for a sheet without rows: there is nothing to guess from."""
    collected: Collected


def parse_delimited(data: bytes, options: Options, format: str, charset: str = "") -> Parsed:
    """The records of a delimited text file and how its columns were read; BadFile when its rows give none."""
    decoded = decode(data, charset)
    sheet = read_sheet(decoded.text, "\t" if format == "tsv" else "")
    return parsed(tabulate(sheet, options), Origin(format=format, encoding=decoded.encoding, notes=decoded.notes))


def tabulate(sheet: Sheet, options: Options) -> Table:
    """The sheet with its columns' parts and its records; BadFile when it has rows and none can be used."""
    if not sheet.rows and not sheet.torn:
        return Table(sheet=sheet, assignment=None, collected=Collected(records=(), set_aside=(), set_aside_total=0))
    if not sheet.rows:
        detail = f"none of {len(sheet.torn)} rows fits the columns; nothing was accepted"
        raise BadFile("unreadable_rows", detail, tuple(sheet.torn[:MAX_LISTED]))
    assignment = assign(columns_of(sheet), options)
    return Table(sheet=sheet, assignment=assignment, collected=collect(sheet, assignment))


def parsed(table: Table, origin: Origin) -> Parsed:
    """What is answered for a table."""
    notes = (*origin.notes, *_notes(table))
    return Parsed(
        records=table.collected.records,
        mapping=_mapping(table, origin, notes),
        set_aside=table.collected.set_aside,
        set_aside_total=table.collected.set_aside_total,
        notes=notes,
    )


def _mapping(table: Table, origin: Origin, notes: tuple[str, ...]) -> ColumnMapping:
    told = {
        "encoding": origin.encoding, "delimiter": table.sheet.delimiter, "format": origin.format, "notes": notes,
        "sheets": origin.sheets, "sheets_left": origin.sheets_left,
    }  # fmt: skip
    found = table.assignment
    if found is None:
        return ColumnMapping.model_validate({**told, "fields": {}, "ignored": table.sheet.headers})
    return ColumnMapping.model_validate({
        **told,
        "fields": {name: column.header for name, column in found.fields.items()},
        "attrs": tuple(column.header for column in found.attrs),
        "ignored": tuple(column.header for column in found.ignored),
        "also_text": tuple(column.header for column in found.also_text),
        "scale": found.scale.value if found.scale and "rating" in found.fields else None,
        "preset": found.preset,
        "guessed": found.guessed,
    })  # fmt: skip


def _notes(table: Table) -> tuple[str, ...]:
    notes = []
    if table.sheet.skipped:
        notes.append(f"rows above the header that were not read: {table.sheet.skipped}")
    if table.assignment is None:
        return (*notes, NO_ROWS)
    column = table.assignment.fields.get("created_at")
    if column is not None and not column.order.told:
        notes.append(guessed_order(column.order))
    return tuple(notes)


def guessed_order(order: Order) -> str:
    """Says that day and month could be the other way round."""
    first = "day" if order.day_first else "month"
    return f"dates read {first} first, by guess: no date of the file tells day from month"
