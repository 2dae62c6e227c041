"""`python -m tests.fuzz` from the repository's root: attack the API by its own description."""

import argparse
import json
import secrets
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from rich.console import Console
from tests.fuzz import tables
from tests.fuzz.suite import attack


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Attack the API by its description.")
    parser.add_argument("--seed", type=int, help="what everything random comes from; drawn when not given")
    parser.add_argument("--examples", type=int, default=100, help="random requests for each operation; nightly: 2000")
    parser.add_argument("--keep", type=Path, help="a folder for the API's log; else it is deleted")
    parser.add_argument("--json", type=Path, default=Path(".millrace/fuzz.json"), help="where the figures go")
    return parser.parse_args()


def _end(signum: int, frame: FrameType | None) -> None:
    """Leave by the usual way, so that everything that was started is stopped."""
    sys.exit(128 + signum)


def main() -> int:
    """0 when nothing is wrong and every documented answer was seen."""
    signal.signal(signal.SIGTERM, _end)
    wanted, console = _arguments(), Console(width=None if sys.stdout.isatty() else 160)
    seed = wanted.seed if wanted.seed is not None else secrets.randbelow(1_000_000)
    console.print(f"[bold]seed {seed}[/]  (again: python -m tests.fuzz --seed {seed})", highlight=False)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="millrace-fuzz-") as scratch:
        promised, found = attack(wanted.keep or Path(scratch), wanted.examples, seed)
    tables.show(console, promised, found, time.monotonic() - began)
    wanted.json.parent.mkdir(parents=True, exist_ok=True)
    wanted.json.write_text(json.dumps(tables.document(seed, wanted.examples, promised, found), indent=2) + "\n")
    failures = tables.wrong(promised, found)
    console.print(f"{len(failures)} failures; figures: {wanted.json}", highlight=False, soft_wrap=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
