"""The figures as a table for a person at a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from tests.evaluate.figure import MET, MISSED, SKIPPED, Figure

_STYLES = {MET: "green", MISSED: "bold red", SKIPPED: "yellow"}


def show(console: Console, figures: Sequence[Figure], seeds: int, seconds: float) -> None:
    """One line a figure, by area; an area's seconds stand with its first."""
    table = Table(
        "area", "figure", "value", "target", "n", "verdict", "s", "note", title=f"{seeds} seeds, {seconds:.0f} s"
    )  # fmt: skip
    area = ""
    for each in figures:
        if area and each.area != area:
            table.add_section()
        verdict = f"[{_STYLES[each.verdict]}]{each.verdict}[/]" if each.verdict in _STYLES else each.verdict
        table.add_row(
            each.area if each.area != area else "", each.name, _number(each.value), str(each.target or ""),
            str(each.n), verdict, f"{each.seconds:.1f}" if each.seconds else "", each.note,
        )  # fmt: skip
        area = each.area
    console.print(table)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")
