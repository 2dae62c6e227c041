"""`python -m tests.bench` from the repository's root: every benchmark, as tables and JSON."""

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from tests.bench import front, journey, machine, orchestration, tables, telemetry


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Figures, not verdicts.")
    parser.add_argument(
        "--only", choices=("orchestration", "journey", "front", "telemetry"), help="one of the benchmarks"
    )
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds of the paired benchmarks")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one window under load")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of the journey")
    parser.add_argument("--steady", type=float, default=20.0, help="seconds of steady requests to the front door")
    parser.add_argument("--json", type=Path, default=Path(".millrace/bench.json"), help="where the figures go")
    return parser.parse_args()


def _end(signum: int, frame: FrameType | None) -> None:
    """Leave by the usual way, so that everything that was started is stopped."""
    sys.exit(128 + signum)


def main() -> None:
    """Measure what was asked for, print it and write it down."""
    signal.signal(signal.SIGTERM, _end)
    wanted, console = _arguments(), Console()
    figures: dict[str, Any] = {"machine": machine.facts()}
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as scratch:
        if wanted.only in (None, "orchestration"):
            folder = Path(scratch) / "orchestration"
            folder.mkdir()
            figures["orchestration"] = orchestration.measure(console, folder, wanted.rounds, wanted.seconds)
        if wanted.only in (None, "journey"):
            figures["journey"] = journey.measure(console, Path(scratch) / "journey", wanted.runs)
        if wanted.only in (None, "front"):
            figures["front"] = front.measure(console, Path(scratch) / "front", wanted.steady, wanted.rounds)
        if wanted.only in (None, "telemetry"):
            figures["telemetry"] = telemetry.measure(console, Path(scratch) / "telemetry", wanted.rounds)
    _show(console, figures)
    wanted.json.parent.mkdir(parents=True, exist_ok=True)
    wanted.json.write_text(json.dumps(figures, indent=2) + "\n")
    console.print(f"figures: {wanted.json}", highlight=False, soft_wrap=True)


def _show(console: Console, figures: dict[str, Any]) -> None:
    for name, show in {
        "machine": tables.machine, "orchestration": tables.orchestration, "journey": tables.journey,
        "front": tables.front, "telemetry": tables.telemetry,
    }.items():  # fmt: skip
        if name in figures:
            show(console, figures[name])


if __name__ == "__main__":
    main()
