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
    latencies: list[float]
    """Seconds of each run that ended in the window, from its beginning to the news of its end."""
    cpu: dict[str, float]

    @property
    def ended(self) -> int:
        """How many runs ended in the window."""
        return len(self.latencies)


def one_at_a_time(system: System, runs: int) -> list[float]:
    """Seconds of each run from its beginning to the news of its end."""
    flying: dict[str, float] = {}
    taken = []
    for _ in range(runs):
        _begin(system, flying)
        taken.append(_next(system, flying))
    return taken


def closed_loop(system: System, in_flight: int, seconds: float, cpu: Callable[[], dict[str, float]]) -> Window:
    """Keep so many runs in flight: a run that ends is replaced at once.

    The window opens when as many have ended as were begun together, so that their common start is not measured.
    """
    flying: dict[str, float] = {}
    for _ in range(in_flight):
        _begin(system, flying)
    for _ in range(in_flight):
        _next(system, flying)
        _begin(system, flying)
    before, opened, latencies = cpu(), time.monotonic(), []
    while time.monotonic() - opened < seconds:
        latencies.append(_next(system, flying))
        _begin(system, flying)
    took, after = time.monotonic() - opened, cpu()
    while flying:
        _next(system, flying)
    return Window(seconds=took, latencies=latencies, cpu={name: after[name] - before[name] for name in after})


def _begin(system: System, flying: dict[str, float]) -> None:
    began = time.monotonic()
    flying[system.begin()] = began


def _next(system: System, flying: dict[str, float]) -> float:
    """Seconds that the next run to end took; BenchError when it is none of those in flight."""
    ended = system.next_ended()
    try:
        return time.monotonic() - flying.pop(ended)
    except KeyError:
        raise BenchError(f"{system.name}: {ended} ended twice") from None
