"""The whole of it: an API, things in its stores, random requests, then those whose answer is known."""

from pathlib import Path

from tests.fuzz.coverage import documented
from tests.fuzz.engine import Found, fuzz
from tests.fuzz.front_door import opened
from tests.fuzz.probes import Probes, described
from tests.fuzz.seeds import planted

Promised = dict[str, tuple[str, ...]]


def attack(folder: Path, examples: int, seed: int) -> tuple[Promised, Found]:
    """What the description promises, and what came."""
    with opened(folder) as door:
        promised = documented(described(door.url))
        found = fuzz(door, planted(door), examples, seed)
        # Things of its own: the random requests have deleted and cancelled what they could.
        probes = Probes(door=door, seeds=planted(door), promised=promised)
        probes.run()
        found.seen += probes.seen
        found.failures += [*probes.failures, *_crashes(door.stack.folder / "logs" / "ingestion.log")]
    return promised, found


def _crashes(log: Path) -> list[str]:
    """What the API itself calls a crash, whatever it answered."""
    return [f"crash: {line}" for line in log.read_text().splitlines() if '"request_crashed"' in line]
