"""F1 and F2: SIGKILL at every step boundary, and of any process at any moment."""

from functools import partial
from random import Random

from tests.chaos.scenario import ENDS, ENDS_LATE, Scenario
from tests.chaos.timing import meanwhile
from tests.chaos.world import World

READY_S = 60.0
WORKERS = (
    "orchestrator-orchestration", "orchestrator-distribution", "dataset-conversations", "dataset-customers", "nlp",
    "analytics", "callback",
)  # fmt: skip


def at_points(orders: dict[str, str], world: World, rng: Random, runs: int) -> None:
    """Each order, `point` or `point@service` → what to do, is obeyed once by whoever comes first."""
    files = [world.order(point, what) for point, what in orders.items()]
    world.wave(rng, runs)
    for file in files:
        world.struck(file)
        world.hit("F1", file.name)


def one_of(deployment: str, whole: bool, world: World, rng: Random, runs: int) -> None:
    """One replica, or one child of it, at a random moment of the wave."""
    names = world.processes.names(deployment)
    world.processes.wait_ready(names, READY_S)
    victim, own = rng.choice(names), Random(rng.random())
    with meanwhile(rng.uniform(0.0, 1.5), partial(kill, world, victim, whole, own)):
        world.wave(rng, runs)
    world.hit("F1", f"{'worker' if whole else 'child'} of {deployment}")


def kill(world: World, name: str, whole: bool, rng: Random) -> str:
    """SIGKILL to a worker with its children, or to one child where it has any; returns who that was."""
    child = None if whole else world.processes.child(name, rng)
    if child is None:
        world.processes.get(name).kill()
        return name
    child.kill()
    return f"child of {name}"


def out_of_memory(world: World, rng: Random, runs: int) -> None:
    """What the system's killer does to a child that grew too large: SIGKILL in the middle of its work."""
    at = {"part_computed@nlp": "kill", "part_begun@dataset_customers": "kill"}
    files = [world.order(point, what) for point, what in at.items()]
    world.wave(rng, runs)
    for file in files:
        world.struck(file)
    world.hit("F2", "children killed in their work")


def deadly(world: World, rng: Random, runs: int) -> None:
    """A part that kills every child it meets must not take the workers with it for ever."""
    # The order knows no runs: parts of those that an earlier scenario left behind would kill as well.
    world.wait(lambda: all(map(world.settled, world.ledger.attempts)), 90, "runs of earlier scenarios did not end")
    order = world.order("part_begun@analytics", "each kill")
    attempt = world.submit(rng)
    world.wait(lambda: world.ended(attempt), 90, "a run whose parts kill their workers did not end")
    order.unlink()
    world.hit("F2", "a part that kills each worker")


_ROUNDS: dict[str, dict[str, str]] = {
    "crash-a": {
        "batch_stored": "kill", "advance_read": "kill", "fan_out_begun": "kill",
        "part_begun@dataset_conversations": "kill-worker", "delivery_begun": "kill",
    },
    "crash-b": {
        "record_written": "kill", "chord_opened": "kill", "artifact_written@nlp": "kill", "callback_posted": "kill",
        "part_computed@analytics": "kill-worker",
    },
    "crash-c": {
        "start_published": "kill", "next_published": "kill", "part_published": "kill",
        "outcome_recorded@nlp": "kill", "delivery_written": "kill",
    },
    "crash-d": {"join_closed": "kill", "fan_out_done": "kill", "body_published@analytics": "kill-worker"},
    "crash-e": {"run_created": "kill", "taken_over": "kill", "outcome_recorded@dataset_customers": "kill-worker"},
}  # fmt: skip


SCENARIOS = (
    *(
        # Three and more processes at once: their starts may cost a run its budget, and nothing else.
        Scenario(name=name, fault="F1", play=partial(at_points, orders), runs=7, within_s=60, ends=ENDS_LATE)
        for name, orders in _ROUNDS.items()
    ),
    *(
        Scenario(name=f"kill-{deployment}", fault="F1", play=partial(one_of, deployment, True), runs=6)
        for deployment in WORKERS
    ),
    *(
        Scenario(name=f"kill-child-{deployment}", fault="F1", play=partial(one_of, deployment, False), runs=6)
        for deployment in ("nlp", "analytics", "dataset-conversations", "dataset-customers")
    ),
    Scenario(name="kill-ingestion", fault="F1", play=partial(one_of, "ingestion", True), runs=6),
    Scenario(name="out-of-memory", fault="F2", play=out_of_memory, runs=6),
    Scenario(name="deadly-part", fault="F2", play=deadly, runs=1, ends=ENDS, within_s=60),
)
