"""What a run of the fuzzer shows: which answers were seen, and what is wrong."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from tests.fuzz.coverage import undocumented, unseen
from tests.fuzz.engine import Found


def show(console: Console, promised: Mapping[str, tuple[str, ...]], found: Found, seconds: float) -> None:
    """The table of operations and statuses, then every failure."""
    statuses = sorted({status for each in promised.values() for status in each})
    table = Table(title=f"{sum(found.seen.values())} requests, {seconds:.0f} s", title_justify="left")
    table.add_column("operation")
    for status in statuses:
        table.add_column(status, justify="right")
    for label, documented in promised.items():
        cells = (_cell(status in documented, found.seen[label, status]) for status in statuses)
        table.add_row(label, *cells)
    console.print(table)
    checks = ", ".join(f"{name} {count}" for name, count in sorted(found.checks.items()))
    console.print(f"checks: {checks}", highlight=False)
    for failure in wrong(promised, found):
        console.print(f"[red]failure[/] {failure}", highlight=False, soft_wrap=True, markup=True)


def _cell(documented: bool, seen: int) -> str:
    if documented:
        return str(seen) if seen else "[red]never[/]"
    return f"[red]{seen}![/]" if seen else ""


def wrong(promised: Mapping[str, tuple[str, ...]], found: Found) -> list[str]:
    """Everything that is wrong, a line or more each."""
    never = [f"{each} is documented and was never seen" for each in unseen(promised, found.seen)]
    stray = [f"{each} was seen and is not documented" for each in undocumented(promised, found.seen)]
    return [*found.failures, *never, *stray]


def document(seed: int, examples: int, promised: Mapping[str, tuple[str, ...]], found: Found) -> dict[str, Any]:
    """The same for machines."""
    return {
        "seed": seed,
        "examples": examples,
        "requests": sum(found.seen.values()),
        "checks": dict(sorted(found.checks.items())),
        "operations": {
            label: {status: found.seen[label, status] for status in statuses} for label, statuses in promised.items()
        },
        "failures": wrong(promised, found),
    }
