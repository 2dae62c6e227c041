"""F4 and F5: the broker and Redis die, come back, and forget."""

from functools import partial
from random import Random

from redis import Redis
from tests.chaos.scenario import Scenario
from tests.chaos.timing import meanwhile, pause
from tests.chaos.world import World

STAGES = ("datasets", "annotate", "insight", "report")


def restarted(server: str, fault: str, world: World, rng: Random, runs: int) -> None:
    """The server is killed in the middle of a wave and comes back, with what it had written down, after a while."""
    down_s = rng.uniform(0.0, 2.0)
    found = world.stack.servers[server]

    def fell() -> None:
        found.process.kill()
        pause(down_s)
        found.start_again()

    with meanwhile(rng.uniform(0.2, 1.2), fell):
        world.wave(rng, runs)
    world.hit(fault, f"{server} killed and started again")


def flushed(stage: str, world: World, rng: Random, runs: int) -> None:
    """Redis forgets everything while a run is in this stage; where it is the broker, all messages with it."""
    attempts = world.wave(rng, runs)
    world.wait_for_stage(attempts[0], stage)
    if world.broker.url.startswith("redis"):
        world.exhumed += world.broker.dead()
    with Redis.from_url(world.stack.servers["redis"].url) as client:
        client.flushall()
    world.hit("F5", f"flushed in {stage}")


SCENARIOS = (
    Scenario(
        name="broker-restart", fault="F4", play=partial(restarted, "redis", "F4"), runs=7, brokers=("redis",),
        within_s=60,
    ),
    Scenario(
        name="broker-restart", fault="F4", play=partial(restarted, "rabbitmq", "F4"), runs=7, brokers=("amqp",),
        within_s=60,
    ),
    Scenario(
        name="redis-restart", fault="F5", play=partial(restarted, "redis", "F5"), runs=6, brokers=("sqs", "amqp"),
        within_s=60,
    ),
    *(
        Scenario(name=f"flush-{stage}", fault="F5", play=partial(flushed, stage), runs=4, within_s=60)
        for stage in STAGES
    ),
)  # fmt: skip
