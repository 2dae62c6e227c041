"""Topics of earlier batches, remembered by tenant."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from millrace.nlp.cache.memory import unavailable
from millrace.nlp.cache.sealed import SealedCells
from millrace.nlp.domain.recognition import Known
from millrace.nlp.errors import CacheUnavailable

KEPT_S = 30 * 24 * 3600
"""Seconds for which the topics of the last batch are known."""
FORMAT = 1
"""Of what `keep` writes. Raise it with every change: another format is then not found, and not misread."""
_FLOAT16 = np.dtype("<f2")


@dataclass
class TopicMemory:
    """One part's use of what its tenant's batches were about; without a store nothing is known."""

    cells: SealedCells | None
    tenant: str
    version: str
    """The model's: centres of different models do not compare."""
    faults: int = field(default=0, init=False)

    def recall(self) -> list[Known]:
        """The topics that are known."""
        if self.cells is None:
            return []
        try:
            (data,) = self.cells.get(self.tenant, [self._name()])
        except CacheUnavailable as error:
            self.faults += 1
            unavailable(error)
            return []
        return [] if data is None else [_known(*each) for each in json.loads(data)]

    def keep(self, known: Sequence[Known]) -> None:
        """Know these the next time. The last of two batches that end together wins."""
        if self.cells is None or self.faults or not known:
            return
        told = [
            (each.id, each.term, base64.b64encode(each.centre.astype(_FLOAT16).tobytes()).decode()) for each in known
        ]
        try:
            self.cells.put(self.tenant, {self._name(): json.dumps(told).encode()}, KEPT_S)
        except CacheUnavailable as error:
            self.faults += 1
            unavailable(error)

    def _name(self) -> bytes:
        return f"topics/{FORMAT}/{self.version}".encode()


def _known(topic_id: str, term: str, centre: str) -> Known:
    return Known(topic_id, term, np.frombuffer(base64.b64decode(centre), dtype=_FLOAT16).astype(np.float32))
