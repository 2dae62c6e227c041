"""F12: consumers of every temper. Each is told in the end, once, in the same words."""

from functools import partial
from random import Random

from tests.chaos.scenario import Scenario
from tests.chaos.world import World

TEMPERS = ("error/1", "busy/1", "hang/1", "drip/1", "reset/1", "redirect/1", "lie/1", "mute/1", "huge")


def difficult(tempers: tuple[str, ...], world: World, rng: Random, runs: int) -> None:
    """One run for each temper, all at once: a slow consumer must not keep the others waiting."""
    for temper in tempers:
        world.wave(rng, max(1, runs // len(tempers)), temper)
        world.hit("F12", temper)


SCENARIOS = (Scenario(name="consumers", fault="F12", play=partial(difficult, TEMPERS), runs=9),)
