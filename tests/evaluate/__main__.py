"""`python -m tests.evaluate` from the repository's root: every quality figure with its target, as a table and JSON."""

import argparse
import json
import logging
import sys
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from tests.evaluate.areas import AREAS
from tests.evaluate.figure import MISSED, Figure
from tests.evaluate.tables import show
from tests.evaluate.world import World

FILE_WIDTH = 180
"""Columns of the table where nobody looks at a terminal."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.evaluate", description="Quality figures and verdicts.")
    parser.add_argument("--seeds", type=int, default=20, help="planted corpora of each kind")
    parser.add_argument("--only", nargs="+", choices=sorted(AREAS), help="areas of figures")
    parser.add_argument("--json", type=Path, default=Path(".millrace/evaluate.json"), help="where the figures go")
    return parser.parse_args()


def evaluate(world: World, areas: list[str]) -> list[Figure]:
    """The figures of these areas. The first of them pays for what several look at."""
    figures: list[Figure] = []
    for area in areas:
        began = time.monotonic()
        found = list(AREAS[area](world))
        seconds = round(time.monotonic() - began, 2)
        figures += [replace(found[0], seconds=seconds), *found[1:]]
    return figures


def main() -> int:
    """1 when a target is missed."""
    wanted, console = _arguments(), Console()
    if not console.is_terminal:
        console = Console(width=FILE_WIDTH)
    # A part that fails is told as a figure; its log line would stand in the middle of the table's progress.
    logging.disable(logging.INFO)
    began = time.monotonic()
    figures = evaluate(World(wanted.seeds), [area for area in AREAS if area in (wanted.only or AREAS)])
    took = round(time.monotonic() - began, 1)
    show(console, figures, wanted.seeds, took)
    facts = {"seeds": wanted.seeds, "seconds": took, "figures": [figure.as_json() for figure in figures]}
    wanted.json.parent.mkdir(parents=True, exist_ok=True)
    wanted.json.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    console.print(f"figures: {wanted.json}", highlight=False, soft_wrap=True)
    return int(any(figure.verdict == MISSED for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
