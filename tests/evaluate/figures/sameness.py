"""The same input gives the same report, byte for byte, but for ids and times."""

import json
from collections.abc import Iterator
from statistics import mean
from typing import Any

from tests.evaluate.figure import Figure, Target, not_offered
from tests.evaluate.pipeline import Pipeline
from tests.evaluate.world import World

from millrace.contracts.report import Report

AREA = "sameness"
SAME = Target(least=1)
NAMES = ("same report but for ids and times", "the same of a batch that is sent again")
PASSING = frozenset({"run_id", "accepted_at", "seconds", "busy_s", "timings", "cost"})
"""Fields that are about the run, wherever they stand."""


def measure(world: World) -> Iterator[Figure]:
    """Over one batch: another pipeline with nothing remembered, then the first one once more, with its cache."""
    seeds = list(world.seeds)[:2]
    told = [_told(world, seed) for seed in seeds]
    for place, name in enumerate(NAMES, start=1):
        if any(None in texts for texts in told):
            yield from not_offered(AREA, [(name, SAME)], "no report")
            continue
        same = [texts[0] == texts[place] for texts in told]
        yield Figure(area=AREA, name=name, value=mean(same), n=len(same), target=SAME)


def _told(world: World, seed: int) -> list[str | None]:
    """What lasts of three reports: the first, that of another pipeline, and that of the same batch sent again."""
    records = world.steady(seed).records
    first, other = Pipeline(world.encoder), Pipeline(world.encoder)
    reports = [each.run(records).model("report.report", Report) for each in (first, other, first)]
    return [lasting(report) if report else None for report in reports]


def lasting(report: Report) -> str:
    """The report as JSON without its ids and times."""
    return json.dumps(_without(report.model_dump(mode="json")))


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(each) for name, each in value.items() if name not in PASSING}
    return [_without(each) for each in value] if isinstance(value, list) else value
