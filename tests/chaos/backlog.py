"""A task service is away while hundreds of runs are accepted, and then comes back: all end, none twice.

Runs with time to spare are taken all the while; a run whose budget the backlog would break is answered 429.
"""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from rich.console import Console
from tests.chaos import audit
from tests.chaos.accounting import account
from tests.chaos.batches import batch
from tests.chaos.build import created
from tests.chaos.ledger import Attempt
from tests.chaos.scenario import ENDS_WELL, Scenario
from tests.chaos.world import World

SERVICE = "dataset-customers"
LONG_S = 300.0
"""Deadline of the runs that can wait."""
PRODUCERS = 6
PROBE_EVERY = 20
"""After so many of them comes one with the usual deadline."""
END_S = 900.0
_SCENARIO = Scenario(name="backlog", fault="F7", play=lambda world, rng, runs: None, ends=ENDS_WELL)


@dataclass
class Probes:
    """What producers in a hurry were answered."""

    answers: list[tuple[int, int, str]] = field(default_factory=list)
    """Runs accepted before, status, `Retry-After`."""
    lock: threading.Lock = field(default_factory=threading.Lock)


def backlog(console: Console, folder: Path, broker: str, seed: int, count: int) -> bool:
    """Accept so many runs over a service that is away; whether everything ended as promised."""
    url = {"redis": "", "sqs": "sqs://", "amqp": "amqp://"}[broker]
    with created(folder, url, seed) as world:
        world.scenario = _SCENARIO.name
        names, probes = world.processes.names(SERVICE), Probes()
        for name in names:
            world.processes.hold(name)
            world.processes.get(name).stop()
        began = time.monotonic()
        with ThreadPoolExecutor(PRODUCERS) as pool:
            list(pool.map(lambda number: _produce(world, Random(f"{seed}:{number}"), number, probes), range(count)))
        submitted_s = time.monotonic() - began
        world.processes.let_go()
        _wait_for_all(world)
        ended_s = time.monotonic() - began
        facts = audit.gather(world, [_SCENARIO], audit.drained(world, 60))
    rows, findings = account(facts)
    row = rows[_SCENARIO.name]
    refused = [each for each in probes.answers if each[1] == 429]
    console.print(
        f"{broker}, seed {seed}: {row.accepted} of {row.attempted} accepted in {submitted_s:.0f} s while {SERVICE} was "
        f"away, all ended after {ended_s:.0f} s: {dict(row.ended)}; {len(findings)} findings",
        highlight=False,
    )
    before, _, retry_after = refused[0] if refused else (0, 0, "none")
    console.print(
        f"  of {len(probes.answers)} runs in a hurry {len(refused)} were answered 429, the first when {before} waited "
        f"(Retry-After {retry_after} s)",
        highlight=False,
    )
    for finding in findings:
        console.print(f"  [red]{finding.kind}[/] {finding.run_id} {finding.what}", highlight=False)
    return not findings and bool(refused) and row.accepted >= count


def _wait_for_all(world: World) -> None:
    """One look after the other at those that are left: hundreds at a time would be a load of their own."""
    left = [attempt for attempt in world.ledger.attempts if attempt.run_id]

    def none_left() -> bool:
        while left and world.ended(left[-1]):
            left.pop()
        return not left

    world.wait(none_left, END_S, "the backlog did not end")


def _produce(world: World, rng: Random, number: int, probes: Probes) -> None:
    if number % PROBE_EVERY == PROBE_EVERY - 1:
        _hurry(world, rng, number, probes)
    world.submit(rng, deadline_s=LONG_S)


def _hurry(world: World, rng: Random, number: int, probes: Probes) -> None:
    """A run with the usual deadline, asked for once."""
    key = f"hurry-{number}"
    records = [json.loads(line) for line in batch(rng, 20).splitlines()]
    body = {"records": records, "metadata": {"chaos": key}, "callback_url": world.receiver.url("ok")}
    accepted = sum(attempt.run_id is not None for attempt in world.ledger.attempts)
    answer = world.post(json.dumps(body).encode())
    run_id = answer.json().get("run_id") if answer.status_code == 202 else None
    attempt = Attempt(
        key=key, scenario=world.scenario, tenant="demo", run_id=run_id, refused=None if run_id else answer.status_code
    )
    world.ledger.add(attempt)
    with probes.lock:
        probes.answers.append((accepted, answer.status_code, answer.headers.get("retry-after", "")))
