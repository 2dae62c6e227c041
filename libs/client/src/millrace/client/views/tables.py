"""One look for every table."""

from collections.abc import Iterable

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from millrace.client.views.words import plain

Cell = str | Text


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Group:
    """A titled table. No cell is cut off: long ones go on below.

    A column whose name begins with `>` is numbers; one with `!` is for copying, and stays on one line.
    """
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name in columns:
        number, whole = name.startswith(">"), name.startswith("!")
        made.add_column(name.lstrip(">!"), justify="right" if number else "left", overflow="fold", no_wrap=whole)
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(plain(cell)) for cell in row))
    return titled(title, [made])


def numbered(title: str, texts: Iterable[Text], mark: str = "{}.") -> Group:
    """Paragraphs under a title, each behind its mark: its number, unless `mark` says otherwise."""
    made = Table.grid(padding=(0, 1, 0, 0))
    for number, text in enumerate(texts, 1):
        made.add_row(f" {mark.format(number)}", text)
    return titled(title, [made])


def line(*parts: Cell, style: str = "") -> Text:
    """One line of text; what others wrote in it is shown and never obeyed."""
    made = Text(style=style, overflow="fold")
    for part in parts:
        made.append(part if isinstance(part, Text) else plain(part))
    return made


def titled(title: str, lines: Iterable[RenderableType]) -> Group:
    """Lines under a title, and an empty one below."""
    return Group(line(title, style="bold"), *lines, Text())
