"""The areas of figures, in the order of the table."""

from collections.abc import Callable, Iterator

from tests.evaluate.figure import Figure
from tests.evaluate.figures import (
    changes,
    drivers,
    duplicates,
    forecast,
    language,
    lines,
    personal,
    real,
    risks,
    sameness,
    topics,
)
from tests.evaluate.world import World

AREAS: dict[str, Callable[[World], Iterator[Figure]]] = {
    module.AREA: module.measure
    for module in (
        personal, language, lines, real, topics, duplicates, drivers, changes, forecast, risks, sameness,
    )
}  # fmt: skip
