"""Topics that the taxonomy does not name: whether the planted new theme comes out as one, and pure."""

from collections.abc import Iterator
from statistics import mean

from tests.evaluate.figure import Figure, Target, not_offered
from tests.evaluate.metrics import Recovered, recovered
from tests.evaluate.pipeline import Ran
from tests.evaluate.world import World

from millrace.contracts import catalogue, tables
from millrace.contracts.insights import Topic, Topics
from millrace.orchestrator.domain.plan import find

AREA = "topics"
PURITY = Target(least=0.8)
NAME = "new theme recovered, purity"


def measure(world: World) -> Iterator[Figure]:
    """Mean over the seeds, of the topic that has most of the planted units; 0 where none has any."""
    if why := world.ran("steady", world.seeds[0]).missing("topics"):
        yield from not_offered(AREA, [(NAME, PURITY)], why)
        return
    found = {seed: _recovered(world, seed) for seed in world.seeds}
    themes = [world.steady(seed).truth.new_theme for seed in world.seeds]
    n = len(found)
    lost = [
        f"{theme} ({each.purity:.2f})" for theme, each in zip(themes, found.values(), strict=True) if each.purity < 0.8
    ]
    yield Figure(
        area=AREA, name=NAME, value=mean(each.purity for each in found.values()), n=n, target=PURITY,
        note=f"below it: {', '.join(lost)}" if lost else "",
    )  # fmt: skip
    yield Figure(area=AREA, name="the same, recall", value=mean(each.recall for each in found.values()), n=n)


def _recovered(world: World, seed: int) -> Recovered:
    truth = world.steady(seed).truth
    about = {name for name, themes in truth.themes.items() if themes == (truth.new_theme,)}
    ran = world.ran("steady", seed)
    rows = ran.rows("annotate.annotations", tables.ANNOTATIONS)
    planted = sum(row["record_id"] in about for row in rows)
    groups = [(round(topic.units * topic.sentiment), topic.units) for topic in _marked(world, ran, about)]
    return recovered(planted, groups)


def _marked(world: World, ran: Ran, about: set[str]) -> tuple[Topic, ...]:
    """The topics where a unit's sentiment is 1 if it is of the planted theme and 0 if not.

    A topic tells its size and its mean sentiment, but not its members; sentiment has no part in finding it. So the
    mean of what is planted here as sentiment is the topic's purity.
    """
    rows = [
        {**row, "sentiment": float(row["record_id"] in about)}
        for row in ran.rows("annotate.annotations", tables.ANNOTATIONS)
    ]
    marked = ran.bench.put_table("marked", rows, tables.ANNOTATIONS)
    inputs = {"annotations": (marked,), "vectors": find(ran.record, "annotate.vectors")}
    outcome = world.pipeline.again(ran, catalogue.TOPICS, inputs)
    return ran.read(outcome.artifacts["topics"][0], Topics).topics
