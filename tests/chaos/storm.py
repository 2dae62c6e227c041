"""Beside the scenarios: SIGKILL to a random process, again and again, as DBOS's chaos tests restart their database."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from tests.chaos.faults.kills import WORKERS, kill
from tests.chaos.world import World


@contextmanager
def storm(world: World, rng: Random, every_s: tuple[float, float]) -> Iterator[None]:
    """Kill one process or one child each U(every_s) seconds for as long as the block lasts.

    Never the last replica that is ready: a fleet of two that loses both at once waits for the start of a process,
    which is another experiment.
    """
    done = threading.Event()

    def run() -> None:
        while not done.wait(rng.uniform(*every_s)):
            names = world.processes.names(rng.choice(WORKERS))
            ready = [name for name in names if world.processes.ready(name)]
            if len(ready) == len(names):
                kill(world, rng.choice(ready), rng.random() < 0.5, rng)
                world.hit("F1", "storm")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
