"""The cache as a part sees it: texts in, findings out. A store that fails or is slow costs time, never a result."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from millrace.nlp.cache import findings
from millrace.nlp.cache.findings import Finding
from millrace.nlp.cache.sealed import SealedCells
from millrace.nlp.domain.units import Source, english
from millrace.nlp.errors import CacheUnavailable
from millrace.telemetry.logs import get_logger
from millrace.telemetry.metrics import count

log = get_logger(__name__)

AT_ONCE = 500
"""Texts of one request: about half a megabyte."""
PATIENCE_S = 0.4
"""Seconds that one request may take: in about that time its texts are computed anew."""


def _always() -> bool:
    return True


@dataclass
class Memory:
    """One part's use of its tenant's cache: after the first fault it is left alone until the part is done."""

    cells: SealedCells | None
    """None for no cache."""
    tenant: str
    version: str
    """What findings depend on beside the text: the model and the rules."""
    ttl_s: int
    """Seconds for which a finding is kept; 0 for no cache."""
    keep_going: Callable[[], bool] = _always
    """Asked before every request: whether the part has time for it."""
    clock: Callable[[], float] = time.monotonic
    faults: int = field(default=0, init=False)

    def recall(self, sources: Sequence[Source]) -> dict[Source, Finding]:
        """What is known of these."""
        found: dict[Source, Finding] = {}
        asked, faults = list(dict.fromkeys(sources)), self.faults

        def look(cells: SealedCells, some: Sequence[Source]) -> None:
            told = cells.get(self.tenant, [self._name(source) for source in some])
            found.update((source, findings.decode(data)) for source, data in zip(some, told, strict=True) if data)
            count("cache_lookups", sum(data is None for data in told), cache="findings", result="miss")

        self._in_turns(asked, look)
        count("cache_lookups", len(found), cache="findings", result="hit")
        count("cache_lookups", self.faults - faults, cache="findings", result="error")
        return found

    def remember(self, found: Mapping[Source, Finding]) -> None:
        """Keep these for the next time."""

        def keep(cells: SealedCells, some: Sequence[Source]) -> None:
            told = {self._name(source): findings.encode(found[source]) for source in some}
            cells.put(self.tenant, told, self.ttl_s)

        self._in_turns(list(found), keep)

    def _in_turns(self, sources: Sequence[Source], turn: Callable[[SealedCells, Sequence[Source]], None]) -> None:
        if self.faults or self.cells is None or not self.ttl_s:
            return
        try:
            for start in range(0, len(sources), AT_ONCE):
                if not self.keep_going():
                    return
                began = self.clock()
                turn(self.cells, sources[start : start + AT_ONCE])
                if self.clock() - began > PATIENCE_S:
                    raise CacheUnavailable("redis: slow")
        except CacheUnavailable as error:
            self.faults += 1
            unavailable(error)

    def _name(self, source: Source) -> bytes:
        """Case and spacing matter: sentiment reads capitals, and entities have offsets."""
        read = f"{self.version}\n{english(source.lang):d}\n{source.text}"
        return hashlib.blake2b(read.encode(), digest_size=32).digest()


def unavailable(error: CacheUnavailable) -> None:
    """Log that a part does without the cache."""
    log.warning("cache_unavailable", extra={"action": "cache_unavailable", "error": str(error)})
