"""Play scenarios on one broker, one after the other. A scenario that fails is a finding and is not tried again."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from rich.console import Console
from tests.chaos import audit, catalogue
from tests.chaos.accounting import Facts, Finding, Row, account
from tests.chaos.build import created
from tests.chaos.errors import ChaosError
from tests.chaos.scenario import Scenario
from tests.chaos.storm import storm
from tests.chaos.world import World

DRAIN_S = 40.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be played."""

    seed: int
    runs: int
    """About so many on this broker."""
    scenario: str = ""
    """Only scenarios whose names begin like these, separated by commas."""
    whole: bool = True
    """Whether every fault class has to be played on this broker."""
    kill_every_s: tuple[float, float] | None = None
    """Beside the scenarios, kill a random process in intervals of this length."""


@dataclass(kw_only=True)
class Played:
    """What came of it on one broker."""

    broker: str
    rows: dict[str, Row]
    findings: list[Finding]
    hits: dict[str, list[str]]
    visited: set[str]
    skipped: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def play(console: Console, folder: Path, broker: str, plan: Plan) -> Played:
    """A world of its own for this broker, the scenarios in it, and the account of them."""
    began = time.monotonic()
    url = {"redis": "", "sqs": "sqs://", "amqp": "amqp://"}[broker]
    with created(folder, url, plan.seed) as world:
        console.print(f"{broker}: the stack is up after {time.monotonic() - began:.0f} s", highlight=False)
        played, skipped, findings = [], dict[str, str](), list[Finding]()
        with _storming(world, plan, broker):
            for number, scenario in enumerate(_chosen(broker, plan)):
                reason = scenario.needs()
                if reason:
                    skipped[scenario.name] = reason
                    continue
                played.append(scenario)
                findings += _one(console, world, scenario, f"{plan.seed}:{broker}:{number}")
        left = audit.drained(world, DRAIN_S)
        facts = audit.gather(world, played, left)
        return _judged(broker, world, facts, findings, skipped, time.monotonic() - began)


def _judged(
    broker: str, world: World, facts: Facts, findings: list[Finding], skipped: dict[str, str], seconds: float
) -> Played:
    rows, found = account(facts)
    return Played(
        broker=broker, rows=rows, findings=[*findings, *found], skipped=skipped, visited=world.visited(),
        hits={fault: sorted(what) for fault, what in world.hits.items()}, seconds=seconds,
    )  # fmt: skip


def _chosen(broker: str, plan: Plan) -> list[Scenario]:
    """One scenario by name, or as many as make about so many runs; over and over when there are not enough."""
    if plan.scenario:
        return catalogue.of(broker, plan.scenario)
    rng, chosen, runs = Random(f"{plan.seed}:{broker}"), list[Scenario](), 0
    while runs < plan.runs:
        drawn = catalogue.draw(broker, rng, plan.runs - runs, plan.whole)
        chosen += drawn
        runs += sum(each.runs for each in drawn)
    return chosen


def _one(console: Console, world: World, scenario: Scenario, seed: str) -> list[Finding]:
    """Play it, heal the world and see its runs end."""
    world.scenario, began = scenario.name, time.monotonic()
    wrong: list[str] = []
    acts: tuple[Callable[[], None], ...] = (
        lambda: scenario.play(world, Random(seed), scenario.runs), world.heal, lambda: _ended(world, scenario)
    )  # fmt: skip
    for act in acts:
        try:
            act()
        except Exception as error:
            # Whatever it is, it is this scenario's finding: the others are played all the same.
            wrong.append(f"{type(error).__name__}: {error}")
    took = time.monotonic() - began
    if wrong:
        # What it left behind must not be held against the next one.
        world.processes.renew()
    mark = "[red]✗[/]" if wrong else "[green]✓[/]"
    console.print(f"  {mark} {scenario.fault:4} {scenario.name:36} {took:5.1f} s  {'; '.join(wrong)}", highlight=False)
    return [Finding(kind="scenario", scenario=scenario.name, what=what) for what in wrong]


def _ended(world: World, scenario: Scenario) -> None:
    mine = [each for each in world.ledger.attempts if each.scenario == scenario.name and each.run_id]

    def all_ended() -> bool:
        mine[:] = [each for each in mine if not world.ended(each)]
        return not mine

    try:
        world.wait(all_ended, scenario.within_s, "")
    except ChaosError as error:
        ids = ", ".join(str(each.run_id) for each in mine)
        raise type(error)(f"after {scenario.within_s:g} s these had not ended or were not told of: {ids}") from error


@contextmanager
def _storming(world: World, plan: Plan, broker: str) -> Iterator[None]:
    if plan.kill_every_s is None:
        yield
    else:
        with storm(world, Random(f"{plan.seed}:{broker}:storm"), plan.kill_every_s):
            yield
