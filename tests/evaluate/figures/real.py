"""Real reviews, which nothing was trained or tuned on: sentiment against labels and stars, and theme impact."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import mean
from typing import Any

from scipy.stats import spearmanr
from tests.evaluate.figure import Figure, Target, not_offered
from tests.evaluate.pipeline import Ran
from tests.evaluate.tone import tone_of
from tests.evaluate.world import World
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # type: ignore[import-untyped]

from millrace.contracts import tables
from millrace.contracts.insights import ThemeImpacts
from millrace.contracts.records import Record

AREA = "real"
TONE = "mean unit sentiment of a review against its stars, Spearman"
ACCURACY, SPEARMAN, RANK = Target(least=0.85), Target(least=0.45), Target(most=3)
RESTAURANT, CLOTHING = "restaurant_reviews.csv", "clothing_reviews.csv"
SIZE = frozenset({"fit"})
_LIKED = 0.5
_STEPS = ("conversations", "ratings", "annotate", "impact")


def measure(world: World) -> Iterator[Figure]:
    """A file that is not there is skipped by its name."""
    for name, judge in ((RESTAURANT, _restaurant), (CLOTHING, _clothing)):
        records = world.real(name)
        if records is None:
            yield Figure(area=AREA, name=name, value=None, n=0, skipped=True, note="not beside this checkout")
            continue
        ran = world.pipeline.run(records, _STEPS)
        yield from judge(records, ran)


def _annotated(ran: Ran) -> dict[str, list[dict[str, Any]]]:
    units = defaultdict(list)
    for row in ran.rows("annotate.annotations", tables.ANNOTATIONS):
        units[row["record_id"]].append(row)
    return units


def _restaurant(records: Sequence[Record], ran: Ran) -> Iterator[Figure]:
    if why := ran.missing("annotate"):
        yield from not_offered(AREA, [("sentiment accuracy, restaurants", ACCURACY)], why)
        return
    units = _annotated(ran)
    rated = [record for record in records if record.rating]
    truth = [record.rating is not None and record.rating.value > _LIKED for record in rated]
    ours = [(tone_of(units[record.record_id]) or 0.0) > 0 for record in rated]
    vader = SentimentIntensityAnalyzer()
    plain = [vader.polarity_scores(record.text)["compound"] > 0 for record in rated]
    yield Figure(
        area=AREA, name="sentiment accuracy, restaurants", value=mean(a == b for a, b in zip(truth, ours, strict=True)),
        n=len(rated), target=ACCURACY,
    )  # fmt: skip
    yield Figure(
        area=AREA, name="the same by plain VADER", value=mean(a == b for a, b in zip(truth, plain, strict=True)),
        n=len(rated),
    )  # fmt: skip


def _clothing(records: Sequence[Record], ran: Ran) -> Iterator[Figure]:
    names = [(TONE, SPEARMAN), ("rank of size or fit among detractors", RANK)]
    if why := ran.missing("annotate"):
        yield from not_offered(AREA, names, why)
        return
    units = _annotated(ran)
    stars = {record.record_id: record.rating.value for record in records if record.rating}
    pairs = [
        (unit["sentiment"], stars[name])
        for name in stars
        for unit in units[name]
        if unit["sentiment"] is not None
    ]  # fmt: skip
    told = [(tone, stars[name]) for name in stars if (tone := tone_of(units[name])) is not None]
    yield Figure(area=AREA, name=TONE, value=_spearman(told), n=len(told), target=SPEARMAN)
    # Most of a review's sentences say nothing of its stars, so this is lower whatever reads them.
    yield Figure(area=AREA, name="each unit against the stars of its review", value=_spearman(pairs), n=len(pairs))
    yield _rank(ran)


def _spearman(pairs: Sequence[tuple[float, float]]) -> float:
    return float(spearmanr([a for a, _ in pairs], [b for _, b in pairs]).statistic)


def _rank(ran: Ran) -> Figure:
    """Place of the first size theme among themes that lower the score, the heaviest first."""
    found = ran.model("impact.impact", ThemeImpacts)
    themes = found.themes if found else ()
    lowering = sorted(
        (each.impact.value, each.id) for each in themes if each.impact is not None and each.impact.value < 0
    )
    order = [name for _, name in lowering]
    place = next((place for place, name in enumerate(order, start=1) if name in SIZE), None)
    note = ", ".join(order[:3])
    return Figure(
        area=AREA, name="rank of size or fit among detractors", value=place, n=len(order), target=RANK, note=note
    )  # fmt: skip
