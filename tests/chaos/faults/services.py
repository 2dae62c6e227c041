"""F9, F10 and F11: requests that are too large, refused, or done without an answer."""

from functools import partial
from random import Random

from tests.chaos.batches import batch
from tests.chaos.scenario import Scenario
from tests.chaos.world import World

from millrace.testing.aws_faults import Do, Fault

STORES = ("s3", "dynamodb", "kms")
REFUSALS = (Do.THROTTLE, Do.ERROR, Do.UNAVAILABLE)


def oversized(world: World, rng: Random, runs: int) -> None:
    """A body over the limit is 413, whether it says its length or not; a batch under it goes on as ever."""
    huge = batch(rng, 8) * (9 << 20 >> 10)
    answer = world.post(huge, "application/x-ndjson")
    if answer.status_code != 413:
        raise AssertionError(f"{len(huge)} bytes were answered {answer.status_code}")
    world.wave(rng, runs, records=400)
    world.hit("F9", f"{len(huge) >> 20} MiB at the API")


def refused(share: float, world: World, rng: Random, runs: int) -> None:
    """Each service refuses this share of its calls, in each of its ways."""
    services = (*STORES, "sqs") if world.broker.url.startswith("sqs") else STORES
    # One for certain: a small share of few calls may be none.
    certain = Fault(do=rng.choice(REFUSALS), service=rng.choice(STORES[:2]), count=1)
    faults = [Fault(do=do, service=service, probability=share / 3) for service in services for do in REFUSALS]
    _with(world, [certain, *faults], rng, runs, "F10")


def unanswered(service: str, operation: str, seconds: float, world: World, rng: Random, runs: int) -> None:
    """Some calls are done, and the caller hears of a broken connection or of nothing until it gives up."""
    # The first calls are hit for certain: a wave of few runs makes few of them.
    certain = Fault(do=Do.LOSE_REPLY, service=service, operation=operation, count=2, seconds=seconds)
    some = Fault(do=Do.LOSE_REPLY, service=service, operation=operation, probability=0.05, seconds=seconds)
    _with(world, [certain, some], rng, runs, "F11")


def _with(world: World, faults: list[Fault], rng: Random, runs: int, fault: str) -> None:
    before = len(world.aws.struck)
    world.aws.faults = faults
    attempts = world.wave(rng, runs)
    world.wait(lambda: all(world.ended(each) for each in attempts if each.run_id), 60, "runs under refusals")
    struck = world.aws.struck[before:]
    for each in struck:
        world.hit(fault, f"{each.service} {each.operation} {each.do.value}")


SCENARIOS = (
    Scenario(name="oversized", fault="F9", play=oversized, runs=2, within_s=60),
    Scenario(name="refusals-1", fault="F10", play=partial(refused, 0.01), runs=8),
    Scenario(name="refusals-5", fault="F10", play=partial(refused, 0.05), runs=8),
    Scenario(name="unanswered-put-item", fault="F11", play=partial(unanswered, "dynamodb", "PutItem", 0.0), runs=6),
    Scenario(name="unanswered-put-object", fault="F11", play=partial(unanswered, "s3", "PUT", 0.0), runs=6),
    Scenario(name="timeout-put-item", fault="F11", play=partial(unanswered, "dynamodb", "PutItem", 3.0), runs=6),
    Scenario(
        name="unanswered-send", fault="F11", play=partial(unanswered, "sqs", "SendMessage", 0.0), runs=6,
        brokers=("sqs",),
    ),
    Scenario(
        name="unanswered-delete", fault="F11", play=partial(unanswered, "sqs", "DeleteMessage", 0.0), runs=6,
        brokers=("sqs",),
    ),
)  # fmt: skip
