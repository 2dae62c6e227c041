"""F14 and F15: a clock that is wrong, a disk that is full."""

import resource
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from random import Random

import psutil
from tests.chaos.scenario import ENDS, Scenario
from tests.chaos.world import World

_FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
"""Where Debian's package `faketime` puts it."""
_READY_S = 60.0


def without_faketime() -> str:
    """Why clocks cannot be skewed here."""
    return "" if _FAKETIME else "libfaketime is not installed (Debian: faketime)"


def skewed(deployment: str, shift: str, world: World, rng: Random, runs: int) -> None:
    """One replica lives in another time. It may cut runs short; it may not lose or repeat anything."""
    name = world.processes.names(deployment)[-1]
    process = world.processes.get(name)
    clock = {"LD_PRELOAD": str(_FAKETIME[0]), "FAKETIME": shift, "DONT_FAKE_MONOTONIC": "1"}
    usual: Mapping[str, str] = process.environment
    process.environment = {**usual, **clock}
    process.kill()
    world.wait(lambda: not world.processes.ready(name), _READY_S, f"{name} did not end")
    late = world.processes.wait_ready([name], _READY_S)
    if late:
        raise AssertionError(f"{name} does not start at {shift}\n{process.last_lines()}")
    attempts = world.wave(rng, runs)
    world.wait(lambda: all(world.ended(each) for each in attempts), 60, "runs under a wrong clock")
    process.environment = usual
    process.kill()
    world.hit("F14", f"{deployment} {shift}")


def full(deployment: str, world: World, rng: Random, runs: int) -> None:
    """A replica that can write no file (`RLIMIT_FSIZE` of zero): it works on, and looks unhealthy."""
    name = rng.choice(world.processes.names(deployment))
    world.processes.wait_ready([name], _READY_S)
    handle = world.processes.get(name).handle
    assert handle is not None
    parent = psutil.Process(handle.pid)
    limited = [parent, *parent.children(recursive=True)]
    _, hard = parent.rlimit(resource.RLIMIT_FSIZE)
    for each in limited:
        each.rlimit(resource.RLIMIT_FSIZE, (0, hard))
    world.wave(rng, runs)
    for each in limited:
        if each.is_running():
            each.rlimit(resource.RLIMIT_FSIZE, (hard, hard))
    world.hit("F15", deployment)


SCENARIOS = (
    *(
        Scenario(
            name=f"clock-{deployment}{shift}", fault="F14", play=partial(skewed, deployment, shift), runs=5, ends=ENDS,
            needs=without_faketime, within_s=60,
        )
        for deployment, shift in (("orchestrator-orchestration", "+15m"), ("analytics", "-2d"))
    ),
    *(
        Scenario(name=f"full-disk-{deployment}", fault="F15", play=partial(full, deployment), runs=5)
        for deployment in ("nlp", "orchestrator-orchestration")
    ),
)  # fmt: skip
