"""Which character separates the columns of a text file."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from millrace.ingestion.domain.synonyms import is_known

DELIMITERS = (",", ";", "\t", "|")
NO_DELIMITER = "\x1f"
"""Stands in for the delimiter of a file with one column; text does not contain it."""

_SAMPLE_ROWS = 50
_TITLES = 10
"""Rows above a header that are titles."""
_NEARLY_ALL = 0.9
_SAMPLE_CHARACTERS = 256 * 1024
_DECLARED = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n)', re.IGNORECASE)


def rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """The file's rows; lines may end in LF, CRLF or a lone CR. csv.Error when a cell is beyond all bounds."""
    # newline="" makes the buffer split at all three line ends and leaves those inside quotes as they are.
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def split_declaration(text: str) -> tuple[str, str]:
    """The delimiter of a leading `sep=;` line, as Excel writes it, or nothing; and the text after it."""
    declared = _DECLARED.match(text)
    return (declared[1], text[declared.end() :]) if declared else ("", text)


def sniff(text: str, hint: str = "") -> str:
    """The delimiter whose parsed rows agree best on the number of columns; `hint` wins a tie.

    Counting parsed columns, not characters, keeps commas inside text from mattering. A file whose rows agree on
    nothing has one column, unless its first line reads as known headers.
    """
    ranked = [(*_agreement(text, delimiter), delimiter == hint, delimiter) for delimiter in DELIMITERS]
    eligible = [rank for rank in ranked if rank[0] > 0]
    return max(eligible, key=lambda rank: rank[:3])[3] if eligible else NO_DELIMITER


def is_table(text: str) -> bool:
    """Whether a text of no particular type is a table: nearly all rows as wide, or one column under a known header."""
    declared, body = split_declaration(text)
    delimiter = declared or sniff(body)
    sample = _sample(body, delimiter)
    known = sum(map(is_known, sample[0])) if sample else 0
    if delimiter == NO_DELIMITER or known or declared:
        return known > 0 or bool(declared)
    return len(sample) >= 2 and _agreement(body, delimiter)[0] >= _NEARLY_ALL


def _agreement(text: str, delimiter: str) -> tuple[float, int]:
    """Share of the first rows as wide as the first, and how many headers are known; 0 when it cannot be."""
    sample = _below_titles(_sample(text, delimiter))
    width = len(sample[0]) if sample else 0
    if width < 2:
        return 0.0, 0
    share = sum(len(row) == width for row in sample) / len(sample)
    known = sum(map(is_known, sample[0]))
    possible = known >= 2 or (share >= 0.5 and not _is_prose(sample, known))
    return (share, known) if possible else (0.0, 0)


def _below_titles(sample: list[list[str]]) -> list[list[str]]:
    """The rows from the first that names two fields, where only narrower ones stand above it."""
    for position, row in enumerate(sample[:_TITLES]):
        if sum(map(is_known, row)) >= 2:
            return sample[position:] if all(len(above) < len(row) for above in sample[:position]) else sample
    return sample


def _is_prose(sample: list[list[str]], known: int) -> bool:
    """Whether the delimiter is punctuation: followed by a space nearly everywhere, under no known header."""
    followers = [cell for row in sample for cell in row[1:]]
    return not known and sum(cell.startswith(" ") for cell in followers) >= 0.8 * len(followers)


def _sample(text: str, delimiter: str) -> list[list[str]]:
    head = text[:_SAMPLE_CHARACTERS]
    found: list[list[str]] = []
    try:
        for row in islice(rows(head, delimiter), _SAMPLE_ROWS):
            if row:
                found.append(row)
    except csv.Error:
        return found
    cut_off = len(head) < len(text) and len(found) < _SAMPLE_ROWS
    return found[:-1] if cut_off else found
