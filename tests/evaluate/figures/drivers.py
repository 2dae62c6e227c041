"""What goes with the score: the planted driver."""

from collections.abc import Iterator

from tests.evaluate.figure import Figure, Target, not_offered, share
from tests.evaluate.world import World

from millrace.contracts.insights import Drivers
from millrace.testing.corpus import Truth
from millrace.testing.corpus.options import DEPARTMENT

AREA = "drivers"
FIRST = Target(least=0.9)
NAME = "planted driver first"


def measure(world: World) -> Iterator[Figure]:
    """Share of corpora in which the only planted driver is the first that is told."""
    misses = []
    for seed in world.seeds:
        ran = world.ran("steady", seed)
        found = ran.model("drivers.drivers", Drivers)
        if found is None:
            yield from not_offered(AREA, [(NAME, FIRST)], ran.missing("drivers"))
            return
        first = found.drivers[0].feature if found.drivers else "nothing"
        if first.casefold() != (wanted := _feature(world.steady(seed).truth)):
            misses.append(f"{first} for {wanted}")
    n = len(world.seeds)
    yield Figure(area=AREA, name=NAME, value=share(n - len(misses), n), n=n, target=FIRST, note=", ".join(misses))


def _feature(truth: Truth) -> str:
    """As the report names it, whatever the case of a segment's name."""
    return f"{DEPARTMENT}={truth.low_department}".casefold() if truth.driver == DEPARTMENT else truth.driver
