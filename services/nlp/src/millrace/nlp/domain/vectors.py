"""Vectors by unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class UnitVectors:
    """The vectors of the units that have one."""

    rows: NDArray[np.float32]
    """Shape (units, dimension), of length 1."""
    places: Mapping[str, int]
    """Unit id to row."""

    def __contains__(self, unit_id: object) -> bool:
        return unit_id in self.places

    def __len__(self) -> int:
        return len(self.places)

    def of(self, unit_ids: Sequence[str]) -> NDArray[np.float32]:
        """The rows of these units, in their order; KeyError when one has none."""
        return self.rows[[self.places[unit_id] for unit_id in unit_ids]]


def unit_vectors(unit_ids: Sequence[str], rows: NDArray[np.float32]) -> UnitVectors:
    """Vectors and the units that they belong to, in the same order."""
    return UnitVectors(rows=rows, places={unit_id: place for place, unit_id in enumerate(unit_ids)})
