"""One SIGKILL of any single process at a random moment of a run, so many times: how many runs end in time?"""

import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from rich.console import Console
from tests.chaos.build import created
from tests.chaos.faults.kills import READY_S, WORKERS, kill
from tests.chaos.timing import meanwhile
from tests.chaos.world import World

BUDGET_S = 10.0
GRACE_S = 10.0
"""Beyond the visibility timeout, a run has this long."""
USUAL_S = 1.5
"""About what a run of this size takes: the kill falls somewhere in it."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One run and its kill."""

    victim: str
    after_s: float
    seconds: float
    """From acceptance to the end of the delivery."""
    status: str


def trials(console: Console, folder: Path, broker: str, seed: int, count: int) -> bool:
    """Play so many and print them; whether they are good enough."""
    url = {"redis": "", "sqs": "sqs://", "amqp": "amqp://"}[broker]
    with created(folder, url, seed) as world:
        visibility = int(world.stack.environment["MILLRACE_VISIBILITY_S"])
        world.scenario = "trial"
        world.wave(Random(seed), 2)
        made = [_trial(world, Random(f"{seed}:{broker}:{number}")) for number in range(count)]
    return _tell(console, broker, seed, visibility, made)


def _trial(world: World, rng: Random) -> Trial:
    """One run after the other, each with both replicas of everything there at its beginning."""
    every = [name for deployment in WORKERS for name in world.processes.names(deployment)]
    world.processes.wait_ready(every, READY_S)
    name, whole, after_s = rng.choice(every), rng.random() < 0.5, rng.uniform(0.0, USUAL_S)
    began, killed, own = time.time(), list[str](), Random(rng.random())
    with meanwhile(after_s, lambda: killed.append(kill(world, name, whole, own))):
        attempt = world.submit(rng)
        world.wait(lambda: world.ended(attempt), 90, f"{attempt.run_id} after a kill of {name}")
    record = world.record(attempt)
    assert record is not None and record.callback is not None
    delivered = record.callback.delivered_at
    seconds = (delivered - record.accepted_at).total_seconds() if delivered else time.time() - began
    return Trial(victim=killed[0], after_s=after_s, seconds=seconds, status=record.status.value)


def _tell(console: Console, broker: str, seed: int, visibility_s: int, made: list[Trial]) -> bool:
    in_time = sum(each.seconds <= BUDGET_S for each in made)
    worst = sorted(made, key=lambda each: -each.seconds)
    bound = visibility_s + GRACE_S
    console.print(
        f"{broker}, seed {seed}: {in_time} of {len(made)} within {BUDGET_S:g} s; worst {worst[0].seconds:.1f} s of "
        f"{bound:g} s (visibility timeout {visibility_s} s + {GRACE_S:g} s)",
        highlight=False,
    )
    for each in worst[:8]:
        console.print(
            f"  {each.seconds:5.1f} s {each.status:9} {each.victim} after {each.after_s:.2f} s", highlight=False
        )
    return in_time >= 0.95 * len(made) and worst[0].seconds <= bound
