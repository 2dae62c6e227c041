"""What a run of the suite shows: the accounting table, what is wrong, and what was hit."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from tests.bench.figures import percentile
from tests.chaos.playing import Played
from tests.chaos.scenario import FAULTS

from millrace.worker.crash import POINTS

_STATES = ("completed", "partial", "failed", "cancelled")
_KINDS = ("lost", "duplicated", "unexpected", "orphan")
"""Columns of their own; other kinds of findings are told below the table."""


def show(console: Console, seed: int, played: Played) -> None:
    """The table of one broker and all that is wrong there, with the seed."""
    console.print(_accounting(played, seed))
    for finding in played.findings:
        where = f"{played.broker} {finding.scenario} {finding.run_id}"
        console.print(f"[red]{finding.kind}[/] {where} {finding.what} (seed {seed})", highlight=False, soft_wrap=True)
    for name, reason in played.skipped.items():
        console.print(f"[yellow]skipped[/] {played.broker} {name}: {reason}", highlight=False)


def missing(played: Sequence[Played]) -> list[str]:
    """Fault classes that nobody hit, crash points that nobody came to."""
    hit = {fault for each in played for fault in each.hits}
    lines = [f"no fault of class {fault} was hit: {what}" for fault, what in FAULTS.items() if fault not in hit]
    for each in played:
        unseen = sorted(POINTS.keys() - each.visited)
        if unseen:
            lines.append(f"{each.broker}: nobody came to {', '.join(unseen)}")
    return lines


def _accounting(played: Played, seed: int) -> Table:
    table = Table(title=f"{played.broker}, seed {seed}, {played.seconds:.0f} s", title_justify="left")
    columns = ("scenario", "attempted", "accepted", "refused", *_STATES, *_KINDS, "p50 s", "max s")
    for column in columns:
        table.add_column(column, justify="left" if column == "scenario" else "right")
    for name, row in sorted(played.rows.items()):
        found = [sum(each.kind == kind and each.scenario == name for each in played.findings) for kind in _KINDS]
        seconds = [f"{percentile(row.seconds, share):.1f}" if row.seconds else "" for share in (0.5, 1.0)]
        ended = [str(row.ended[state]) for state in _STATES]
        table.add_row(name, str(row.attempted), str(row.accepted), str(row.refused), *ended, *map(str, found), *seconds)
    table.add_section()
    table.add_row(*_total(played))
    return table


def _total(played: Played) -> list[str]:
    rows = list(played.rows.values())
    seconds = [each for row in rows for each in row.seconds]
    found = [sum(each.kind == kind for each in played.findings) for kind in _KINDS]
    ended = [sum(row.ended[state] for row in rows) for state in _STATES]
    counts = [sum(row.attempted for row in rows), sum(row.accepted for row in rows), sum(row.refused for row in rows)]
    figures = [f"{percentile(seconds, share):.1f}" if seconds else "" for share in (0.5, 1.0)]
    return ["total", *map(str, (*counts, *ended, *found)), *figures]


def document(seed: int, played: Sequence[Played]) -> dict[str, Any]:
    """The same for machines."""
    return {
        "seed": seed,
        "missing": missing(played),
        "brokers": {
            each.broker: {
                "seconds": round(each.seconds, 1),
                "rows": {
                    name: {
                        "attempted": row.attempted, "accepted": row.accepted, "refused": row.refused,
                        "ended": dict(row.ended), "seconds": row.seconds,
                    }
                    for name, row in each.rows.items()
                },
                "findings": [vars(finding) for finding in each.findings],
                "hits": each.hits,
                "visited": sorted(each.visited),
                "skipped": each.skipped,
            }
            for each in played
        },
    }  # fmt: skip
