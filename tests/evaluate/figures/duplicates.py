"""Near-duplicates: pairs of records that say nearly the same."""

from collections.abc import Iterator

from tests.evaluate.figure import Figure, Target, not_offered
from tests.evaluate.metrics import Pairs, match_pairs
from tests.evaluate.world import DAYS, START, World

from millrace.contracts.insights import Duplicates
from millrace.testing.corpus import generate
from millrace.testing.corpus.options import Options

AREA = "duplicates"
F1 = Target(least=0.9)
NAME = "near-duplicate pairs, F1"
_RECORDS, _CAMPAIGNS = 400, 12


def measure(world: World) -> Iterator[Figure]:
    """Of long reviews, where two share most of their words only if one was edited from the other."""
    total = Pairs(0, 0, 0)
    for seed in world.seeds:
        corpus = generate(seed, _RECORDS, START, DAYS, Options(long=True, campaigns=_CAMPAIGNS))
        ran = world.pipeline.run(corpus.records, ("conversations", "duplicates"))
        found = ran.model("duplicates.duplicates", Duplicates)
        if found is None:
            yield from not_offered(AREA, [(NAME, F1)], ran.missing("duplicates"))
            return
        given = [cluster.records for cluster in found.clusters]
        total += match_pairs([*corpus.truth.campaigns, *corpus.truth.duplicates], given)
    precision = total.hits / total.given if total.given else 0.0
    note = f"precision {precision:.3f}, recall {total.hits / total.true:.3f}"
    yield Figure(area=AREA, name=NAME, value=total.f1, n=total.true, target=F1, note=note)
