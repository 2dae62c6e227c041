"""Time of no-op runs, one after the other, by who takes their telemetry: what is in the way is seen in milliseconds."""

import random
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench.figures import percentile
from tests.bench.load import one_at_a_time
from tests.bench.receivers import CASES, LATE, OFF, Case
from tests.bench.servers import Servers, serving
from tests.bench.systems import Millrace, System, millrace

RUNS = 60
"""In a window."""
IN_A_ROW = 10
"""Messages of a no-op run that wait for each other: a start, and for each of three stages its dispatch, a part and its
join."""


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """All cases side by side; windows there and back, so that drift of the machine meets them alike."""
    cases = (OFF, *CASES, LATE)
    (folder / "no-op").mkdir(parents=True)
    with serving(folder / "no-op") as servers, ExitStack() as until_the_end:
        systems = {
            case.name: until_the_end.enter_context(_system(servers, number, case, folder / "no-op"))
            for number, case in enumerate(cases)
        }
        for system in systems.values():
            one_at_a_time(system, RUNS)
        taken: dict[str, list[float]] = {name: [] for name in systems}
        for number in range(rounds):
            for name in sorted(systems, reverse=bool(number % 2)):
                taken[name] += one_at_a_time(systems[name], RUNS)
    return {"runs": rounds * RUNS, "ms": {name: _figures(each, taken[OFF.name]) for name, each in taken.items()}}


def _figures(taken: list[float], off: list[float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for share in (50, 99):
        here, there = (percentile(each, share / 100) * 1e3 for each in (taken, off))
        found |= {f"p{share}": here, f"p{share}_more_per_message": (here - there) / IN_A_ROW}
    return found


@contextmanager
def _system(servers: Servers, number: int, case: Case, folder: Path) -> Iterator[System]:
    with case.settings() as given:
        environment = servers.environment(number) | given
        with millrace(f"case{number}", "app_redis", environment, folder, case.name, parts="app_chatty") as system:
            assert isinstance(system.beginner, Millrace)
            yield replace(system, beginner=replace(system.beginner, trace=lambda: _trace(case)))


def _trace(case: Case) -> str | None:
    """The trace context of a run, as the ingestion service would have made it."""
    if case is OFF:
        return None
    sampled = random.random() < case.share
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{'01' if sampled else '00'}"
