"""Overload: more is accepted than a stopped service can take, and producers are told so in time."""

from concurrent.futures import ThreadPoolExecutor
from random import Random

from tests.chaos.batches import batch
from tests.chaos.errors import NotStruck
from tests.chaos.scenario import Scenario
from tests.chaos.world import World

PRODUCERS = 6
PATIENT_S = 300.0
"""The longest budget there is: such a run is worth accepting although it has to wait."""


def flooded(world: World, rng: Random, runs: int) -> None:
    """So many patient runs are accepted while a service is stopped; an impatient one is refused; then it starts."""
    names = world.processes.names("nlp")
    for name in names:
        world.processes.hold(name)
        world.processes.get(name).kill()
    seeds = [Random(rng.random()) for _ in range(runs)]
    with ThreadPoolExecutor(PRODUCERS) as pool:
        attempts = list(pool.map(lambda own: world.submit(own, deadline_s=PATIENT_S), seeds))
    accepted = [each for each in attempts if each.run_id]
    answer = world.post(batch(rng, 20), "application/x-ndjson")
    if answer.status_code != 429 or not answer.headers.get("retry-after", "").isdigit():
        raise NotStruck(f"an impatient run behind {len(accepted)} others was answered {answer.status_code}")
    world.processes.let_go()
    world.wait(lambda: all(world.ended(each) for each in accepted[-PRODUCERS:]), PATIENT_S, "the last of a flood")
    world.hit("F7", f"{len(accepted)} runs before a stopped service")


SCENARIOS = (
    Scenario(name="flood-500", fault="F7", play=flooded, runs=500, within_s=PATIENT_S, drawn=False),
)  # fmt: skip
