"""What a column holds, told from its cells."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from millrace.contracts.records import Scale
from millrace.ingestion.domain.dates import Order, day_month_order, read_date
from millrace.ingestion.domain.scales import Reading, guess_scale, is_unanswered, read_rating
from millrace.ingestion.domain.synonyms import ROLES, phrase

_SAMPLE = 300
_CONTACT = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}\Z|\+?\(?\d[\d\s()./-]{7,18}\d\Z", re.IGNORECASE)
"""An e-mail address or a phone number and nothing else."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a sheet. Shares are of the non-blank cells, over a sample spread evenly over the file."""

    index: int
    header: str
    cells: Sequence[str]
    named: bool = True
    """Whether the file itself names the column."""

    @cached_property
    def sample(self) -> list[str]:
        """Up to 300 non-blank cells from all over the column."""
        filled = [cell for cell in self.cells if cell]
        return filled[:: max(1, -(-len(filled) // _SAMPLE))]

    @cached_property
    def readings(self) -> list[Reading]:
        """Every rating in the column that can be read."""
        return [reading for cell in self.cells if cell and (reading := read_rating(cell))]

    @cached_property
    def scale(self) -> Scale | None:
        """The rating scale that the column's numbers lie on, if they do."""
        return guess_scale(self.header, self.readings)

    @cached_property
    def order(self) -> Order:
        """The order of day and month in the column's dates."""
        return day_month_order(self.cells)

    @cached_property
    def rating_share(self) -> float:
        """Share of answered cells that read as a rating."""
        answered = [cell for cell in self.sample if not is_unanswered(cell)]
        return _share(read_rating(cell) is not None for cell in answered)

    @cached_property
    def number_share(self) -> float:
        """Share of cells that are plain numbers."""
        return _share(cell.replace(".", "", 1).replace("-", "", 1).isdigit() for cell in self.sample)

    def date_share(self, numbers: bool = False) -> float:
        """Share of cells that are dates; with `numbers`, also counted ones."""
        return _share(read_date(cell, self.order, numbers) is not None for cell in self.sample)

    @cached_property
    def contact_share(self) -> float:
        """Share of cells that are an e-mail address or a phone number; a date looks like one and is none."""
        return _share(_CONTACT.match(cell) is not None and read_date(cell, self.order) is None for cell in self.sample)

    @cached_property
    def role_share(self) -> float:
        """Share of cells that name a side of a conversation."""
        return _share(phrase(cell) in ROLES for cell in self.sample if len(cell) <= 32)

    @cached_property
    def mean_words(self) -> float:
        """Words per cell."""
        return sum(len(cell.split()) for cell in self.sample) / len(self.sample) if self.sample else 0.0

    @cached_property
    def longest(self) -> int:
        """Characters of the longest cell of the whole column."""
        return max(map(len, self.cells), default=0)

    @cached_property
    def distinct_share(self) -> float:
        """Distinct values through cells, over the whole column."""
        filled = [cell for cell in self.cells if cell]
        return len(set(filled)) / len(filled) if filled else 0.0

    @cached_property
    def is_running(self) -> bool:
        """Whether the cells are whole numbers that only go up."""
        if not all(cell.isdecimal() and len(cell) <= 18 for cell in self.cells):
            return False
        numbers = [int(cell) for cell in self.cells]
        return all(later > earlier for earlier, later in pairwise(numbers))

    @property
    def blank(self) -> bool:
        """Whether no row has a value."""
        return not self.sample

    @property
    def is_free_text(self) -> bool:
        """Whether the cells are sentences rather than values."""
        return self.mean_words >= 4 and self.distinct_share >= 0.5 and self.number_share < 0.5


def _share(hits: Iterable[bool]) -> float:
    found = list(hits)
    return sum(found) / len(found) if found else 0.0
