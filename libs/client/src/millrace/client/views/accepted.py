"""An accepted batch: its run id, and how its file was read."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from millrace.client.views.tables import line, table
from millrace.client.views.words import count, moment, scale, status
from millrace.contracts.api import Accepted, ColumnMapping, SetAside


def accepted(answer: Accepted) -> Group:
    """What the API took and what it set aside."""
    return Group(*_parts(answer))


def set_aside(rows: Iterable[SetAside], title: str) -> RenderableType:
    """Rows and fields at fault; what concerns the whole request has no row."""
    return table(title, (">Row", "Field", "Reason"), ((str(row.row or ""), row.field, row.reason) for row in rows))


def _parts(answer: Accepted) -> Iterator[RenderableType]:
    head = line(answer.run_id, " ", status(answer.status.value))
    yield head.append(f": {count(answer.records, 'record')}, due by {moment(answer.deadline_at)}")
    if answer.mapping is not None:
        yield Text()
        yield from _mapping(answer.mapping)
    if answer.set_aside_total:
        shown = len(answer.set_aside)
        first = f", the first {shown}" if shown < answer.set_aside_total else ""
        yield set_aside(answer.set_aside, f"{count(answer.set_aside_total, 'row')} set aside{first}")


def _mapping(mapping: ColumnMapping) -> Iterator[RenderableType]:
    title = (
        "Columns, guessed (another reading: --map field=Column, --scale)"
        if mapping.guessed
        else "Columns, as asked for"
    )
    rows = [
        (field, column, scale(mapping.scale) if field == "rating" and mapping.scale else "")
        for field, column in mapping.fields.items()
    ]
    rows += [("attribute", column, "") for column in mapping.attrs]
    rows += [("not used", column, "") for column in mapping.ignored]
    yield table(title, ("Field", "Column", "Read as"), rows)
    delimiter = "tab" if mapping.delimiter == "\t" else mapping.delimiter
    yield line(f"Encoding {mapping.encoding}, columns apart by {delimiter}")
