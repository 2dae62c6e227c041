"""When something changed: change points on planted and on flat data, and what is on the rise."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from tests.evaluate.figure import Figure, Target, not_offered, share
from tests.evaluate.world import DAYS, START, World

from millrace.contracts.insights import Changes, Emerging
from millrace.testing.corpus import Corpus, generate
from millrace.testing.corpus.options import Options

AREA = "changes"
FOUND, FALSE = Target(least=0.9), Target(most=0.05)
_RATED = 2500
"""Records of a corpus of which only the ratings and dates are looked at: 27 a day.

That many, and changes that large, because what is judged is the search and not the luck of the draw: who knows that
there is one change and how the weekdays differ, and takes the most likely day, is within a day in 98 of 100 corpora.
"""
_FLAT_PER_SEED = 5
_STEPS = ("ratings", "operations", "changes")
_RATING = Options(drag=12)
_VOLUME = Options(change=False, surge=2.2)
_FLAT = Options(change=False)
ONE_DAY = timedelta(days=1)
_NAMES = ("rating changed, found within a day", "volume changed, found within a day", "false alarms on flat data")


def measure(world: World) -> Iterator[Figure]:
    """Shares of corpora."""
    if why := _changes(world, generate(1, 100, START, DAYS, _FLAT))[1]:
        yield from not_offered(AREA, list(zip(_NAMES, (FOUND, FOUND, FALSE), strict=True)), why)
    else:
        yield _found(world, _NAMES[0], "mean_", [generate(seed, _RATED, START, DAYS, _RATING) for seed in world.seeds])
        yield _found(world, _NAMES[1], "volume", [generate(seed, _RATED, START, DAYS, _VOLUME) for seed in world.seeds])
        yield _false_alarms(world)
        yield _theme(world)
    yield from _emerging(world)


def _changes(world: World, corpus: Corpus) -> tuple[Changes, str]:
    ran = world.pipeline.run(corpus.records, _STEPS)
    return ran.model("changes.changes", Changes) or Changes(), ran.missing("changes")


def _found(world: World, name: str, metric: str, corpora: Sequence[Corpus]) -> Figure:
    hits = [_near(_changes(world, corpus)[0], metric, corpus) for corpus in corpora]
    return Figure(area=AREA, name=name, value=share(sum(hits), len(hits)), n=len(hits), target=FOUND)


def _near(changes: Changes, metric: str, corpus: Corpus) -> bool:
    day = corpus.truth.change_point
    assert day is not None
    dates = [each.at.date() for each in changes.change_points if each.metric.startswith(metric)]
    return any(abs(at - day) <= ONE_DAY for at in dates)


def _false_alarms(world: World) -> Figure:
    seeds = range(1, len(world.seeds) * _FLAT_PER_SEED + 1)
    flat = [_changes(world, generate(seed, _RATED, START, DAYS, _FLAT))[0] for seed in seeds]
    alarms = [sorted({point.metric for point in each.change_points}) for each in flat if each.change_points]
    note = ", ".join(sorted({metric for metrics in alarms for metric in metrics}))
    return Figure(area=AREA, name=_NAMES[2], value=share(len(alarms), len(flat)), n=len(flat), target=FALSE, note=note)


def _theme(world: World) -> Figure:
    """The whole flow on some six records a day: told, because so few say little about the day."""
    hits = []
    for seed in world.seeds:
        corpus = world.turning(seed)
        changes = world.ran("turning", seed).model("changes.changes", Changes) or Changes()
        hits.append(_near(changes, f"theme.{corpus.truth.drag_theme}", corpus))
    name = "theme's share changed, found within a day"
    return Figure(area=AREA, name=name, value=share(sum(hits), len(hits)), n=len(hits), note="7 records a day")


def _emerging(world: World) -> Iterator[Figure]:
    names = ("rising theme found", "new theme found among what rises", "batches with a false rise on flat data")
    if why := world.ran("turning", world.seeds[0]).missing("emerging"):
        yield from not_offered(AREA, [(name, None) for name in names], why)
        return
    rising = {seed: _risen(world, "turning", seed) for seed in world.seeds}
    known = [world.turning(seed).truth.drag_theme in {each.id for each in rising[seed].themes} for seed in rising]
    yield Figure(area=AREA, name=names[0], value=share(sum(known), len(known)), n=len(known))
    new = [_names_the_new(world, seed, rising[seed]) for seed in rising]
    yield Figure(area=AREA, name=names[1], value=share(sum(new), len(new)), n=len(new))
    flat = [bool(_risen(world, "steady", seed).themes) for seed in world.seeds]
    yield Figure(area=AREA, name=names[2], value=share(sum(flat), len(flat)), n=len(flat))


def _risen(world: World, name: str, seed: int) -> Emerging:
    return world.ran(name, seed).model("emerging.emerging", Emerging) or Emerging()


def _names_the_new(world: World, seed: int, rising: Emerging) -> bool:
    """Whether some rising phrase or theme has most of its quotes from records of the new theme."""
    truth = world.turning(seed).truth
    about = {name for name, themes in truth.themes.items() if themes == (truth.new_theme,)}
    shares = ([quote.record_id in about for quote in each.quotes] for each in rising.themes)
    return any(sum(hits) * 2 > len(hits) for hits in shares)
