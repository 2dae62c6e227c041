"""F6, F7, F8 and F16: messages that come twice, late, in another order, damaged, or from another release."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from tests.chaos.brokers import Raw, envelope, payload, with_payload
from tests.chaos.scenario import ENDS_LATE, ENDS_WELL, Scenario
from tests.chaos.timing import pause
from tests.chaos.world import World

GATHER_S = 12.0
QUEUES = {
    "orchestration": "orchestrator-orchestration", "distribution": "orchestrator-distribution", "nlp": "nlp",
    "analytics": "analytics", "callback": "callback", "dataset-customers": "dataset-customers",
}  # fmt: skip
"""Queue → who consumes it."""


@contextmanager
def intercepted(world: World, queue: str, rng: Random, runs: int) -> Iterator[list[Raw]]:
    """Messages of a wave, caught because their consumers stand still meanwhile; they go on at the end.

    RabbitMQ hands messages out in advance, so there the consumers are ended and started again.
    """
    names = world.processes.names(QUEUES[queue])
    world.processes.wait_ready(names, 60)
    for name in names:
        if world.broker.url.startswith("amqp"):
            world.processes.hold(name)
            world.processes.get(name).kill()
        else:
            world.processes.pause(name)
    caught: list[Raw] = []
    try:
        world.wave(rng, runs)

        def came() -> bool:
            caught.extend(world.broker.take(queue, 20))
            return bool(caught)

        world.wait(came, GATHER_S, f"nothing came into {queue}")
        yield caught
    finally:
        world.processes.let_go()
        for name in names:
            world.processes.resume(name)


def twice(queue: str, world: World, rng: Random, runs: int) -> None:
    """Each message that was caught is delivered three times."""
    with intercepted(world, queue, rng, runs) as caught:
        for message in caught * 3:
            world.broker.put(queue, message)
    pause(1)
    world.broker.put(queue, caught[0])
    world.hit("F6", queue)


def late(queue: str, world: World, rng: Random, runs: int) -> None:
    """What was caught comes seconds later, in another order, when the stage may be over."""
    with intercepted(world, queue, rng, runs) as caught:
        held = list(caught)
        rng.shuffle(held)
    pause(rng.uniform(1.0, 4.0))
    for message in held:
        world.broker.put(queue, message)
    world.hit("F7", queue)


def sleeper(world: World, rng: Random, runs: int) -> None:
    """A service sleeps for a minute in each part: the callback comes in time and names the gap."""
    world.processes.wait_ready(world.processes.names("nlp"), 60)
    order = world.order("part_begun@nlp", "each sleep 60")
    attempt = world.submit(rng)
    world.wait(lambda: world.ended(attempt), 40, "a run over a sleeping service did not end")
    order.unlink()
    record = world.record(attempt)
    assert record is not None and record.callback is not None and record.callback.delivered_at is not None
    took = (record.callback.delivered_at - record.accepted_at).total_seconds()
    if took > 10 or record.status.value != "partial" or not any(gap.step == "annotate" for gap in record.gaps):
        raise AssertionError(f"{record.run_id}: {record.status.value} after {took:.1f} s, gaps {record.gaps}")
    world.hit("F7", "a service that sleeps")


def poison(world: World, rng: Random, runs: int) -> None:
    """Messages that nobody can use lie in the dead-letter queue afterwards, and the others are not in their way."""
    good = envelope("analytics.kpis", {"message": {"tenant": "demo"}}, "poison")
    bad = {
        "unreadable": replace(good, body="{this is no JSON", headers={**good.headers, "id": "poison:unreadable"}),
        "unknown_task": envelope("analytics.divine", {"message": {}}, "poison"),
        "bad_arguments": good,
    }
    for why, message in bad.items():
        world.broker.put("analytics", message)
        world.buried.append(why)
    world.broker.put("analytics", good, signed=False)
    world.buried.append("unsigned")
    world.wave(rng, runs)
    world.hit("F8", ", ".join((*bad, "unsigned")))


def other_release(
    change: Callable[[dict[str, Any]], dict[str, Any]], what: str, queue: str, world: World, rng: Random, runs: int
) -> None:
    """Messages as another release would have written them."""
    with intercepted(world, queue, rng, runs) as caught:
        for message in caught:
            world.broker.put(queue, with_payload(message, change(payload(message))))
    world.hit("F16", f"{what} in {queue}")


def newer(message: dict[str, Any]) -> dict[str, Any]:
    """A release later: fields that this one does not know."""
    return {**message, "hint": "from tomorrow", "options": {"tier": "gold"}}


def older(message: dict[str, Any]) -> dict[str, Any]:
    """A release earlier: without what has a default."""
    return {key: value for key, value in message.items() if key not in ("traceparent", "version") and value is not None}


SCENARIOS = (
    *(
        Scenario(name=f"twice-{queue}", fault="F6", play=partial(twice, queue), runs=6, ends=ENDS_LATE)
        for queue in QUEUES
    ),
    *(
        Scenario(name=f"late-{queue}", fault="F7", play=partial(late, queue), runs=6, ends=ENDS_LATE)
        for queue in ("orchestration", "distribution", "nlp", "analytics", "callback")
    ),
    Scenario(name="sleeper", fault="F7", play=sleeper, runs=1, ends=ENDS_WELL, within_s=60),
    Scenario(name="poison", fault="F8", play=poison, runs=6),
    *(
        Scenario(
            name=f"{what}-{queue}",
            fault="F16",
            play=partial(other_release, change, what, queue),
            runs=6,
            ends=ENDS_LATE,
        )
        for what, change in (("newer", newer), ("older", older))
        for queue in ("orchestration", "analytics")
    ),
)
