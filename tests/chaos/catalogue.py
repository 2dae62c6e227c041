"""Every scenario, and which of them a run of the suite plays."""

from random import Random

from tests.chaos.faults import consumers, freezes, kills, load, machine, messages, network, services, stores
from tests.chaos.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = tuple(
    scenario
    for module in (kills, freezes, stores, messages, services, consumers, network, machine, load)
    for scenario in module.SCENARIOS
)


SWEPT = "crash-e"
"""The scenario after which somebody has come to the sweep's crash point for certain."""


def of(broker: str, wanted: str = "") -> list[Scenario]:
    """The broker's scenarios, or those of them whose name begins with one of those wanted, separated by commas."""
    beginnings = tuple(wanted.split(","))
    return [each for each in SCENARIOS if broker in each.brokers and each.name.startswith(beginnings)]


def draw(broker: str, rng: Random, runs: int, whole: bool) -> list[Scenario]:
    """Scenarios of about so many runs in random order, among them one that makes the sweep take runs over.

    A whole draw has at least one of each fault class, and every round of crash points.
    """
    every = [each for each in of(broker) if each.drawn]
    rng.shuffle(every)
    first: dict[str, Scenario] = {each.name: each for each in every if each.name == SWEPT}
    for each in every if whole else ():
        first.setdefault(each.name if each.name.startswith("crash-") else each.fault, each)
    chosen = list(first.values())
    for each in every:
        if each not in chosen and sum(one.runs for one in chosen) < runs:
            chosen.append(each)
    return chosen
