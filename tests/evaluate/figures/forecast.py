"""The next days: how often what comes lies within the interval."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from statistics import mean

from tests.evaluate.figure import Figure, Target, not_offered
from tests.evaluate.world import START, World

from millrace.contracts.insights import Forecasts
from millrace.contracts.records import Record
from millrace.testing.corpus import generate
from millrace.testing.corpus.options import Options

AREA = "forecast"
COVERED = Target(least=0.7, most=0.9)
NAME = "80 % interval covers the held-out days"
_RECORDS, _DAYS, _HELD_OUT = 2000, 112, 7
_STEPS = ("ratings", "operations", "forecast")
_SERIES = ("volume", "mean_stars5")
_GROWING = Options(change=False, trend=0.5)


def measure(world: World) -> Iterator[Figure]:
    """All held-out days of all seeds, of growing shops with busy weekends; then by series."""
    hits: defaultdict[str, list[bool]] = defaultdict(list)
    why = ""
    for seed in world.seeds:
        records = generate(seed, _RECORDS, START, _DAYS, _GROWING).records
        last = START + timedelta(days=_DAYS - _HELD_OUT)
        ran = world.pipeline.run([each for each in records if _day(each) < last], _STEPS)
        why = why or ran.missing("forecast")
        found = ran.model("forecast.forecasts", Forecasts) or Forecasts()
        for metric, covered in _covered(found, _actual(records)):
            hits[metric].append(covered)
    together = [each for covered in hits.values() for each in covered]
    if not together:
        yield from not_offered(AREA, [(NAME, COVERED)], why or "no series was forecast")
        return
    yield Figure(area=AREA, name=NAME, value=mean(together), n=len(together), target=COVERED)
    for metric in sorted(hits):
        yield Figure(area=AREA, name=f"the same of {metric}", value=mean(hits[metric]), n=len(hits[metric]))


def _day(record: Record) -> date:
    assert record.created_at is not None
    return record.created_at.date()


def _actual(records: Sequence[Record]) -> Mapping[str, Mapping[date, float]]:
    """By series and day."""
    counts: defaultdict[date, int] = defaultdict(int)
    stars: defaultdict[date, list[float]] = defaultdict(list)
    for record in records:
        counts[_day(record)] += 1
        if record.rating:
            stars[_day(record)].append(record.rating.value)
    return {"volume": counts, "mean_stars5": {day: mean(values) for day, values in stars.items()}}


def _covered(found: Forecasts, actual: Mapping[str, Mapping[date, float]]) -> Iterator[tuple[str, bool]]:
    for series in found.series:
        if series.metric in _SERIES and series.period == "day":
            known = actual[series.metric]
            for point in series.points:
                if (day := point.at.date()) in known:
                    yield series.metric, point.low <= known[day] <= point.high
