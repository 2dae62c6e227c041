"""F13: connections that are slow, deaf, mute or reset, to each server."""

from functools import partial
from random import Random

from tests.chaos.scenario import Scenario
from tests.chaos.timing import meanwhile, pause
from tests.chaos.world import World

from millrace.testing.aws_faults import Do, Fault
from millrace.testing.tcp import Mode


def partitioned(server: str, mode: Mode, seconds: float, world: World, rng: Random, runs: int) -> None:
    """The way to a server is like this in the middle of a wave, then heals."""
    proxy = world.tcp[server]
    before = proxy.held + proxy.cut

    def part() -> None:
        proxy.set(mode, 0.05)
        pause(seconds)
        proxy.set(Mode.PASS)

    with meanwhile(rng.uniform(0.1, 0.8), part):
        world.wave(rng, runs)
    if mode is not Mode.LATENCY and proxy.held + proxy.cut == before:
        raise AssertionError(f"nothing met the {mode.value} connection to {server}")
    world.hit("F13", f"{server} {mode.value}")


def unreachable(service: str, do: Do, world: World, rng: Random, runs: int) -> None:
    """Calls to an AWS service hang until their caller gives up, or are late."""
    before = len(world.aws.struck)
    world.aws.faults = [Fault(do=do, service=service, probability=0.2, seconds=3.0 if do is Do.HANG_UP else 0.3)]
    world.wave(rng, runs)
    pause(2)
    if len(world.aws.struck) == before:
        raise AssertionError(f"nothing met the faulty connection to {service}")
    world.hit("F13", f"{service} {do.value}")


def _at(server: str, mode: Mode, seconds: float, *brokers: str) -> Scenario:
    play = partial(partitioned, server, mode, seconds)
    return Scenario(name=f"{mode.value}-{server}", fault="F13", play=play, runs=6, brokers=brokers)


SCENARIOS = (
    _at("redis", Mode.LATENCY, 3, "redis", "sqs", "amqp"),
    _at("redis", Mode.BLACKHOLE, 4, "redis", "sqs"),
    _at("redis", Mode.ONE_WAY, 3, "redis", "amqp"),
    _at("redis", Mode.RESET, 2, "redis"),
    _at("broker", Mode.BLACKHOLE, 4, "redis", "amqp"),
    _at("broker", Mode.ONE_WAY, 4, "redis", "amqp"),
    _at("broker", Mode.RESET, 2, "redis", "amqp"),
    _at("broker", Mode.DOWN, 3, "redis", "amqp"),
    Scenario(name="hang-dynamodb", fault="F13", play=partial(unreachable, "dynamodb", Do.HANG_UP), runs=6),
    Scenario(name="late-s3", fault="F13", play=partial(unreachable, "s3", Do.DELAY), runs=6),
)
