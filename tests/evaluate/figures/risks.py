"""Customers at risk: whether those who leave are among those that are named."""

from collections.abc import Iterator
from statistics import mean

from tests.evaluate.figure import Figure, not_offered, share
from tests.evaluate.pipeline import Ran
from tests.evaluate.world import World

from millrace.contracts import tables
from millrace.contracts.insights import Risks
from millrace.testing.corpus import Corpus

AREA = "risks"
NAMES = ("customers named as at risk who left", "AUC that the report tells where leavers are known")


def measure(world: World) -> Iterator[Figure]:
    """First without the producer saying who left, beside the share who left at all; then with it."""
    named = hits = customers = leavers = 0
    for seed in world.seeds:
        ran, corpus = world.ran("turning", seed), world.turning(seed)
        found = ran.model("risks.risks", Risks)
        if found is None:
            yield from not_offered(AREA, [(name, None) for name in NAMES], ran.missing("risks"))
            return
        gone = _gone(ran, corpus)
        named += len(found.risks)
        hits += sum(risk.customer in gone for risk in found.risks)
        customers, leavers = customers + found.customers, leavers + len(gone)
    base = share(leavers, customers)
    note = "" if base is None else f"{base:.3f} of all customers left"
    yield Figure(area=AREA, name=NAMES[0], value=share(hits, named), n=named, note=note)
    yield _learned(world)


def _gone(ran: Ran, corpus: Corpus) -> set[str]:
    """The hashes of the customers who left."""
    left = {record.record_id for record in corpus.records if record.customer_ref in corpus.truth.leavers}
    return {row["customer"] for row in ran.rows("customers.contacts", tables.CONTACTS) if row["record_id"] in left}


def _learned(world: World) -> Figure:
    runs = (world.pipeline.run(world.turning(seed).records, ("customers", "risks")) for seed in world.seeds)
    found = [risks for run in runs if (risks := run.model("risks.risks", Risks)) is not None]
    scores = [each.reliability["auc"] for each in found if "auc" in each.reliability]
    return Figure(area=AREA, name=NAMES[1], value=mean(scores) if scores else None, n=len(scores))
