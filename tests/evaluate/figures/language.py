"""The language of a text."""

from collections.abc import Iterator, Mapping
from statistics import mean

from tests.evaluate.figure import Figure, Target, not_offered, share
from tests.evaluate.pipeline import Ran
from tests.evaluate.world import World

from millrace.contracts import tables
from millrace.contracts.records import Record
from millrace.testing import labelled

AREA = "language"
ACCURACY = Target(least=0.97)
MIN_CHARACTERS = 20


def measure(world: World) -> Iterator[Figure]:
    """Accuracy from twenty characters on, planted and hand-written; a text without a verdict is wrong."""
    name = f"accuracy from {MIN_CHARACTERS} characters, planted"
    if why := world.ran("steady", world.seeds[0]).missing("conversations"):
        yield from not_offered(AREA, [(name, ACCURACY)], why)
        return
    verdicts = {code: verdict for seed in world.seeds for code, verdict in _planted(world, seed).items()}
    yield Figure(area=AREA, name=name, value=mean(verdicts.values()), n=len(verdicts), target=ACCURACY)
    foreign = {key: right for key, right in verdicts.items() if key[2] != "en"}
    yield Figure(area=AREA, name="accuracy but for English, planted", value=mean(foreign.values()), n=len(foreign))
    yield _hand_written(world)


def _planted(world: World, seed: int) -> Mapping[tuple[int, str, str], bool]:
    """Whether it was told right, by seed, record and true language."""
    corpus, told = world.steady(seed), _told(world.ran("steady", seed))
    long = {record.record_id for record in corpus.records if len(record.text) >= MIN_CHARACTERS}
    return {
        (seed, name, code): told.get(name) == code
        for name, code in corpus.truth.language.items()
        if name in long
    }  # fmt: skip


def _hand_written(world: World) -> Figure:
    lines = labelled.languages()
    records = [Record(record_id=line.id, text=line.text) for line in lines]
    told = _told(world.pipeline.run(records, ("conversations",)))
    wrong = [f"{line.lang} as {told.get(line.id)}" for line in lines if told.get(line.id) != line.lang]
    value = share(len(lines) - len(wrong), len(lines))
    return Figure(area=AREA, name="accuracy, hand-written", value=value, n=len(lines), note=", ".join(wrong))


def _told(ran: Ran) -> dict[str, str]:
    return {row["record_id"]: row["lang"] for row in ran.rows("conversations.turns", tables.TURNS)}
