"""`python -m tests.chaos` from the repository's root: break the local stack, then account for every run."""

import argparse
import json
import secrets
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from rich.console import Console
from tests.chaos import tables
from tests.chaos.playing import Plan, play
from tests.chaos.trials import trials

from millrace.local.rabbitmq import rabbitmq_binary

_SHARES = {"redis": 0.6, "sqs": 0.25, "amqp": 0.15}
"""How the runs are shared out: every fault class on the first broker, a seeded draw of them on the others."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break the stack, account for it.")
    parser.add_argument("--seed", type=int, help="what everything random comes from; drawn when not given")
    parser.add_argument("--runs", type=int, default=185, help="about how many runs in all")
    parser.add_argument("--brokers", default="redis,sqs,amqp", help="redis, sqs, amqp; amqp needs rabbitmq-server")
    parser.add_argument("--scenario", default="", help="only scenarios whose names begin like these, by commas")
    parser.add_argument("--kill-every", type=float, nargs=2, metavar=("MIN", "MAX"), help="seconds between more kills")
    parser.add_argument("--kills", type=int, metavar="N", help="instead: N runs with one SIGKILL each")
    parser.add_argument("--keep", type=Path, help="a folder for logs and ledgers; else they are deleted")
    parser.add_argument("--json", type=Path, default=Path(".millrace/chaos.json"), help="where the account goes")
    return parser.parse_args()


def _end(signum: int, frame: FrameType | None) -> None:
    """Leave by the usual way, so that everything that was started is stopped; a second signal does not interrupt it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + signum)


def main() -> int:
    """0 when nothing is wrong."""
    signal.signal(signal.SIGTERM, _end)
    wanted, console = _arguments(), Console(width=None if sys.stdout.isatty() else 160)
    seed = wanted.seed if wanted.seed is not None else secrets.randbelow(1_000_000)
    console.print(f"[bold]seed {seed}[/]  (again: python -m tests.chaos --seed {seed})", highlight=False)
    brokers = [broker for broker in wanted.brokers.split(",") if _there(console, broker)]
    with tempfile.TemporaryDirectory(prefix="millrace-chaos-") as scratch:
        folder = wanted.keep or Path(scratch)
        if wanted.kills:
            good = [trials(console, folder / broker, broker, seed, wanted.kills) for broker in brokers]
            return 0 if all(good) else 1
        return _suite(console, wanted, folder, seed, brokers)


def _there(console: Console, broker: str) -> bool:
    if broker == "amqp" and rabbitmq_binary() is None:
        console.print("[yellow]skipped[/] amqp: rabbitmq-server is not installed", highlight=False)
        return False
    return True


def _suite(console: Console, wanted: argparse.Namespace, folder: Path, seed: int, brokers: list[str]) -> int:
    whole = sum(_SHARES[broker] for broker in brokers)
    played = []
    for broker in brokers:
        plan = Plan(
            seed=seed, runs=round(wanted.runs * _SHARES[broker] / whole), scenario=wanted.scenario,
            whole=broker == brokers[0],
            kill_every_s=tuple(wanted.kill_every) if wanted.kill_every else None,
        )  # fmt: skip
        played.append(play(console, folder / broker, broker, plan))
        tables.show(console, seed, played[-1])
    wanted.json.parent.mkdir(parents=True, exist_ok=True)
    wanted.json.write_text(json.dumps(tables.document(seed, played), indent=2, default=str) + "\n")
    incomplete = tables.missing(played) if not wanted.scenario else []
    for line in incomplete:
        console.print(f"[red]{line}[/]", highlight=False)
    return 1 if incomplete or any(each.findings for each in played) else 0


if __name__ == "__main__":
    sys.exit(main())
