"""`python -m tests.telemetry` from the repository's root: one trace per run, whatever happens to its messages."""

import argparse
import json
import secrets
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from rich.console import Console
from tests.telemetry import ddapm, tables
from tests.telemetry.proof import play
from tests.telemetry.world import running


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.telemetry", description="Judge the traces of many runs.")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, help="what everything random comes from; drawn when not given")
    parser.add_argument("--in-flight", type=int, default=4, help="runs at a time")
    parser.add_argument("--ddapm", type=Path, help="Datadog's ddapm-test-agent: spans go through it, and it must agree")
    parser.add_argument("--keep", type=Path, help="a folder for the stack's logs; else they are deleted")
    parser.add_argument("--json", type=Path, default=Path(".millrace/telemetry.json"), help="where the figures go")
    return parser.parse_args()


def _end(signum: int, frame: FrameType | None) -> None:
    """Leave by the usual way, so that everything that was started is stopped."""
    sys.exit(128 + signum)


def main() -> int:
    """0 when nothing is wrong."""
    signal.signal(signal.SIGTERM, _end)
    wanted, console = _arguments(), Console(width=None if sys.stdout.isatty() else 160)
    seed = wanted.seed if wanted.seed is not None else secrets.randbelow(1_000_000)
    console.print(
        f"seed {seed}  (again: python -m tests.telemetry --runs {wanted.runs} --seed {seed})", highlight=False
    )
    with ExitStack() as until_the_end:
        scratch = until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="millrace-telemetry-"))
        agent = until_the_end.enter_context(ddapm.running(wanted.ddapm, Path(scratch))) if wanted.ddapm else None
        world = until_the_end.enter_context(
            running(
                wanted.keep or Path(scratch) / "stack", {"MILLRACE_TRACE_SHARE": "1"}, seed=seed,
                through=agent.url if agent else "",
            )
        )  # fmt: skip
        proof = play(world, seed, wanted.runs, wanted.in_flight)
        differences = agent.differences(world.spans()) if agent else []
    tables.show(console, proof)
    for line in differences:
        console.print(f"[red]ddapm-test-agent[/] {line}", highlight=False)
    wanted.json.parent.mkdir(parents=True, exist_ok=True)
    document = tables.document(proof) | {"seed": seed, "faults": proof.faults, "ddapm": differences}
    wanted.json.write_text(json.dumps(document, indent=2) + "\n")
    return 1 if proof.faults or differences else 0


if __name__ == "__main__":
    sys.exit(main())
