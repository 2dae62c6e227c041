"""What telemetry costs: CPU per run of the whole journey, and time of single messages, also while nobody takes it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from tests.bench import latency
from tests.bench.figures import paired_ratio, percentile
from tests.bench.journey import run_once
from tests.bench.processes import cpu_seconds
from tests.bench.receivers import CASES, OFF, Case

from millrace.client import Client
from millrace.local.settings import LocalSettings
from millrace.local.stack import Stack

WINDOW_RUNS = 4
NOT_OURS = ("receiver",)
"""Processes of a stack that are no part of Millrace."""


def measure(console: Console, folder: Path, rounds: int) -> dict[str, Any]:
    """Each case beside a stack without telemetry; windows there and back, only one of the two under load."""
    found = {}
    with _stack(folder / "off", OFF) as off:
        off.window(WINDOW_RUNS)
        for case in CASES:
            console.log(f"telemetry {case.name} against none")
            with _stack(folder / case.name.replace(", ", "-").replace(" ", "-"), case) as other:
                other.window(WINDOW_RUNS)
                found[case.name] = _pairs(off, other, rounds)
    console.log("single messages, by who takes what is sent")
    return {
        "rounds": rounds, "runs_per_window": WINDOW_RUNS, "journey": found,
        "no_op": latency.measure(folder, rounds),
    }  # fmt: skip


class Measured:
    """A stack and what its runs cost."""

    def __init__(self, stack: Stack, client: Client) -> None:
        self._stack, self._client = stack, client

    def window(self, runs: int) -> dict[str, Any]:
        """So many runs, one after the other."""
        before = self._cpu()
        taken = [run_once(self._stack, self._client)["seconds"] for _ in range(runs)]
        return {"cpu_s": (self._cpu() - before) / runs, "seconds": taken}

    def _cpu(self) -> float:
        return sum(cpu_seconds(each) for name, each in self._stack.processes.items() if name not in NOT_OURS)


@contextmanager
def _stack(folder: Path, case: Case) -> Iterator[Measured]:
    with ExitStack() as until_the_end:
        given = until_the_end.enter_context(case.settings())
        stack = Stack(folder=folder, settings=LocalSettings(), overrides=lambda _: given)
        stack.start()
        until_the_end.callback(stack.stop)
        yield Measured(stack, until_the_end.enter_context(Client(stack.api_url, stack.api_key)))


def _pairs(off: Measured, other: Measured, rounds: int) -> dict[str, Any]:
    windows: dict[str, list[dict[str, Any]]] = {"off": [], "on": []}
    for number in range(rounds):
        pair = (("off", off), ("on", other))
        for name, measured in pair if number % 2 else reversed(pair):
            windows[name].append(measured.window(WINDOW_RUNS))
    cpu = {name: [each["cpu_s"] for each in found] for name, found in windows.items()}
    seconds = {name: [taken for each in found for taken in each["seconds"]] for name, found in windows.items()}
    return {
        "cpu_s_per_run": {name: median(each) for name, each in cpu.items()},
        "cpu_ratio": paired_ratio(cpu["on"], cpu["off"]), "cpu_ratios": _ratios(cpu["on"], cpu["off"]),
        "seconds": {name: {f"p{share}": percentile(each, share / 100) for share in (50, 99)}
                    for name, each in seconds.items()},
    }  # fmt: skip


def _ratios(values: Sequence[float], base: Sequence[float]) -> list[float]:
    return [value / other for value, other in zip(values, base, strict=True)]
