"""CSV, TSV and their kin: bytes to records, columns guessed."""

from millrace.contracts.api import ColumnMapping
from millrace.ingestion.domain.decoding import decode
from millrace.ingestion.domain.mapping import Assignment, assign
from millrace.ingestion.domain.parsed import Options, Parsed
from millrace.ingestion.domain.rows import collect, columns_of
from millrace.ingestion.domain.sheet import Sheet, read_sheet


def parse_delimited(data: bytes, options: Options, charset: str = "", delimiter_hint: str = "") -> Parsed:
    """The records of a delimited text file and how its columns were read; BadFile when there are none."""
    decoded = decode(data, charset)
    sheet = read_sheet(decoded.text, delimiter_hint)
    assignment = assign(columns_of(sheet), options)
    collected = collect(sheet, assignment)
    return Parsed(
        records=collected.records,
        mapping=_mapping(sheet, assignment, decoded.encoding),
        set_aside=collected.set_aside,
        set_aside_total=collected.set_aside_total,
        notes=(*decoded.notes, *_date_note(assignment)),
    )


def _mapping(sheet: Sheet, assignment: Assignment, encoding: str) -> ColumnMapping:
    return ColumnMapping(
        fields={name: column.header for name, column in assignment.fields.items()},
        attrs=tuple(column.header for column in assignment.attrs),
        ignored=tuple(column.header for column in assignment.ignored),
        scale=assignment.scale.value if assignment.scale and "rating" in assignment.fields else None,
        encoding=encoding,
        delimiter=sheet.delimiter,
        guessed=assignment.guessed,
    )


def _date_note(assignment: Assignment) -> tuple[str, ...]:
    column = assignment.fields.get("created_at")
    if column is None or column.order.told:
        return ()
    order = "day" if column.order.day_first else "month"
    return (f"dates read {order} first, by guess: no date of the file tells day from month",)
