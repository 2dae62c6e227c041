"""Time of single messages of no-op runs, by who takes their telemetry: what is in the way is seen in milliseconds."""

import random
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench.figures import percentile
from tests.bench.load import one_at_a_time
from tests.bench.receivers import AGAIN, AWAY, CASES, OFF, Case
from tests.bench.servers import Servers, serving
from tests.bench.systems import Millrace, System, millrace
from tests.bench.timed import Took, told

RUNS = 20
"""In a window."""
WINDOWS = 3
"""In a round: short ones, so that what else the machine does meets all cases."""


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """All cases side by side; windows there and back, so that drift of the machine meets them alike."""
    cases = (OFF, AGAIN, *CASES, *AWAY)
    (folder / "no-op").mkdir(parents=True)
    with serving(folder / "no-op") as servers, ExitStack() as until_the_end:
        systems = {
            case.name: until_the_end.enter_context(_system(servers, number, case, folder / "no-op"))
            for number, case in enumerate(cases)
        }
        for system in systems.values():
            _window(system)
        taken: dict[str, list[Took]] = {name: [] for name in systems}
        for number in range(rounds * WINDOWS):
            for name in reversed(systems) if number % 2 else systems:
                taken[name] += _window(systems[name])
    return {
        "runs": rounds * WINDOWS * RUNS, "messages": {name: len(each) for name, each in taken.items()},
        "ms": {name: _figures(each, taken[OFF.name]) for name, each in taken.items()},
    }  # fmt: skip


def _window(system: System) -> list[Took]:
    """Every message of a few runs, one run after the other."""
    one_at_a_time(system, RUNS)
    return told(system.redis)


def _figures(taken: list[Took], off: list[Took]) -> dict[str, dict[str, float]]:
    """Milliseconds until a message was done and until it was let go, and how much more that is than without."""
    found: dict[str, dict[str, float]] = {}
    for until in ("done", "let_go"):
        found[until] = {}
        for share in (50, 99):
            here, there = (
                percentile([getattr(one, until) for one in each], share / 100) * 1e3 for each in (taken, off)
            )
            found[until] |= {f"p{share}": here, f"p{share}_more": here - there}
    return found


@contextmanager
def _system(servers: Servers, number: int, case: Case, folder: Path) -> Iterator[System]:
    with case.settings() as given:
        environment = servers.environment(number) | given
        with millrace(f"case{number}", "app_timed", environment, folder, case.name, parts="app_chatty") as system:
            assert isinstance(system.beginner, Millrace)
            yield replace(system, beginner=replace(system.beginner, trace=lambda: _trace(case)))


def _trace(case: Case) -> str | None:
    """The trace context of a run, as the ingestion service would have made it."""
    if not case.share:
        return None
    sampled = random.random() < case.share
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{'01' if sampled else '00'}"
