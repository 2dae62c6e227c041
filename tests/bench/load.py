"""Load on a system: one run at a time, or so many in flight at any time."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.errors import BenchError
from tests.bench.systems import System


@dataclass(frozen=True, kw_only=True)
class Window:
    """What ended in a stretch of time under load, and the CPU seconds that it took, by who used them."""

    seconds: float
    ended: int
    cpu: dict[str, float]


def one_at_a_time(system: System, runs: int) -> list[float]:
    """Seconds of each run from its beginning to the news of its end."""
    taken = []
    for _ in range(runs):
        began = time.monotonic()
        _expect(system, {system.begin()})
        taken.append(time.monotonic() - began)
    return taken


def closed_loop(system: System, in_flight: int, seconds: float, cpu: Callable[[], dict[str, float]]) -> Window:
    """Keep so many runs in flight: a run that ends is replaced at once.

    The window opens when as many have ended as were begun together, so that their common start is not measured.
    """
    flying = {system.begin() for _ in range(in_flight)}
    for _ in range(in_flight):
        _replace(system, flying)
    before, opened, ended = cpu(), time.monotonic(), 0
    while time.monotonic() - opened < seconds:
        _replace(system, flying)
        ended += 1
    took, after = time.monotonic() - opened, cpu()
    while flying:
        _expect(system, flying)
    return Window(seconds=took, ended=ended, cpu={name: after[name] - before[name] for name in after})


def _replace(system: System, flying: set[str]) -> None:
    _expect(system, flying)
    flying.add(system.begin())


def _expect(system: System, flying: set[str]) -> None:
    ended = system.next_ended()
    if ended not in flying:
        raise BenchError(f"{system.name}: {ended} ended twice")
    flying.remove(ended)
