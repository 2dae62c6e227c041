"""What a proof shows, for a person and for machines."""

from collections import Counter
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table
from tests.telemetry.findings import KINDS
from tests.telemetry.proof import Proof

SHOWN = 40
"""Findings that are told in full."""


def show(console: Console, proof: Proof) -> None:
    """The figures, and what is wrong."""
    table = Table("", "", title=f"Telemetry of {len(proof.views)} runs, seed {proof.seed}", show_header=False)
    for name, value in document(proof).items():
        table.add_row(name.replace("_", " "), _text(value))
    console.print(table)
    for line in proof.faults[:SHOWN]:
        console.print(f"[red]fault[/] {line} (seed {proof.seed})", highlight=False, soft_wrap=True)
    if len(proof.faults) > SHOWN:
        console.print(f"and {len(proof.faults) - SHOWN} more", highlight=False)


def document(proof: Proof) -> dict[str, Any]:
    """The same for machines."""
    verdict, spans = proof.verdict, list(proof.verdict.spans.values())
    found = Counter(finding.kind for finding in verdict.findings)
    return {
        "runs": len(proof.views), "states": dict(Counter(view.status.value for view in proof.views.values())),
        "traces": verdict.traces, "split": found["split"], "shared": found["shared"], "orphans": found["orphan"],
        "missing_edges": found["edge"],
        "other_faults": {kind: found[kind] for kind in KINDS if found[kind] and kind not in _SHOWN},
        "killed_worker": proof.killed, "retries": proof.retries, "redeliveries": proof.redeliveries,
        "attempts": proof.attempts, "spans_exported_twice": verdict.repeated,
        "spans_per_run": {"median": median(spans), "max": max(spans)} if spans else {},
    }  # fmt: skip


_SHOWN = ("split", "shared", "orphan", "edge")


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number:g}" for name, number in value.items()) or "none"
    return str(value)
