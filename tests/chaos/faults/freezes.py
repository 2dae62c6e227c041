"""F3 and F17: workers that are stopped and go on, and workers that are asked to end."""

from contextlib import suppress
from functools import partial
from random import Random

from tests.chaos.faults.kills import READY_S, WORKERS
from tests.chaos.processes import pid_of, resume_pid
from tests.chaos.scenario import ENDS_LATE, Scenario
from tests.chaos.timing import meanwhile, pause
from tests.chaos.world import World

FROZEN_S = 8.0
"""Longer than the visibility timeout: what the frozen worker held has been given to another."""
GRACE_S = 20.0
"""Less than the grace period of a pod (`platform/k8s/base`)."""


def frozen(deployment: str, world: World, rng: Random, runs: int) -> None:
    """A whole replica stands still while it holds messages, and then goes on as if nothing had been."""
    names = world.processes.names(deployment)
    world.processes.wait_ready(names, READY_S)
    victim = rng.choice(names)
    with meanwhile(rng.uniform(0.1, 0.8), lambda: world.processes.pause(victim)):
        world.wave(rng, runs)
    pause(FROZEN_S)
    world.processes.resume(victim)
    world.hit("F3", f"replica of {deployment}")


def zombies(orders: tuple[str, ...], world: World, rng: Random, runs: int) -> None:
    """Processes stop right before a write, and make it when others have long done their work."""
    files = [world.order(point, "stop") for point in orders]
    world.wave(rng, runs)
    pids = [pid_of(world.struck(file)) for file in files]
    pause(FROZEN_S)
    for pid in pids:
        # A child that stood still beyond its hard limit has been ended by its parent.
        with suppress(ProcessLookupError):
            resume_pid(pid)
    for file in files:
        world.hit("F3", f"at {file.name}")


def asked_to_end(world: World, rng: Random, runs: int) -> None:
    """SIGTERM to one replica of every worker under load: each ends by itself within its grace."""
    victims = [rng.choice(world.processes.names(deployment)) for deployment in WORKERS]
    every = [name for deployment in WORKERS for name in world.processes.names(deployment)]
    world.processes.wait_ready(every, READY_S)
    handles = {name: world.processes.get(name).handle for name in victims}

    def ask() -> None:
        for handle in handles.values():
            assert handle is not None
            handle.terminate()

    with meanwhile(rng.uniform(0.2, 0.6), ask):
        world.wave(rng, runs)
    for name, handle in handles.items():
        assert handle is not None
        world.wait(lambda ending=handle: ending.poll() is not None, GRACE_S, f"{name} did not end")  # type: ignore[misc]
    world.hit("F17", "one replica of every worker")


SCENARIOS = (
    *(
        Scenario(name=f"freeze-{deployment}", fault="F3", play=partial(frozen, deployment), runs=5)
        for deployment in ("nlp", "orchestrator-orchestration", "callback")
    ),
    Scenario(
        # The budget is over by the time they wake up: a run may end without any data.
        name="zombies", fault="F3", runs=5, ends=ENDS_LATE,
        play=partial(zombies, ("record_written", "chord_opened", "artifact_written@analytics", "callback_posted")),
    ),
    Scenario(name="sigterm", fault="F17", play=asked_to_end, runs=8),
)  # fmt: skip
