"""What stands above a table: titles, and headers of more than one row."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from millrace.ingestion.domain.dates import Order, read_date
from millrace.ingestion.domain.scales import read_rating
from millrace.ingestion.domain.synonyms import is_known, phrase

LOOK_AHEAD = 15
"""Rows that are looked at for the header; more is no heading."""

_IMPORT_ID = re.compile(r'\{\s*"ImportId"')
"""What Qualtrics writes into the third row of an export, below names and questions."""
_ANSWER_KINDS = frozenset({
    "response", "open ended response", "antwort", "offene antwort", "réponse", "réponse ouverte", "respuesta",
    "respuesta abierta",
})  # fmt: skip
"""What SurveyMonkey writes below a question that has one column."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """Where a table begins."""

    headers: tuple[str, ...]
    """As many as the table has columns; all empty where the file names none."""
    body: int
    """Position of the first row below the header."""
    skipped: int = 0
    """Rows with something in them above the header: titles and the like."""
    named: bool = True


def find_head(rows: Sequence[list[str]]) -> Head:
    """The head of a table, out of its first `LOOK_AHEAD` rows, of which one at least is not blank."""
    filled = [position for position, row in enumerate(rows) if any(row)]
    top = _header_position(rows, filled)
    skipped = filled.index(top)
    if not _is_header(rows[top]):
        return Head(headers=("",) * len(rows[top]), body=top, skipped=skipped, named=False)
    below = [rows[position] for position in filled[skipped + 1 : skipped + 3]]
    if len(below) == 2 and any(_IMPORT_ID.match(cell) for cell in below[1]):
        headers, body = _questions(rows[top], below[0]), filled[skipped + 2] + 1
    elif below and _names_answers(rows[top], below[0]):
        headers, body = _spread(rows[top], below[0]), filled[skipped + 1] + 1
    else:
        headers, body = tuple(rows[top]), top + 1
    return Head(headers=headers, body=body, skipped=skipped)


def _header_position(rows: Sequence[list[str]], filled: Sequence[int]) -> int:
    """The first row that names two fields, if what stands above it is narrower; else the first that is not blank."""
    for position in filled:
        if sum(map(is_known, rows[position])) >= 2:
            widest = max((_width(rows[above]) for above in filled if above < position), default=0)
            return position if widest < _width(rows[position]) else filled[0]
    return filled[0]


def _width(row: Sequence[str]) -> int:
    return sum(map(bool, row))


def _is_header(first: Sequence[str]) -> bool:
    """Whether the first row names columns.

    Two known names decide, or one beside no number or date: `email` may also be a value. Unknown names pass where
    none is a sentence.
    """
    cells = [cell for cell in first if cell]
    known = sum(map(is_known, cells))
    if known >= 2:
        return True
    if any(read_rating(cell) or read_date(cell, Order()) for cell in cells if not is_known(cell)):
        return False
    return known > 0 or not any(cell.endswith((".", "!")) and len(cell.split()) >= 4 for cell in cells)


def _questions(names: Sequence[str], questions: Sequence[str]) -> tuple[str, ...]:
    """A question says more than its `Q7`."""
    padded = [*questions, *[""] * len(names)]
    return tuple(question or name for name, question in zip(names, padded, strict=False))


def _names_answers(top: Sequence[str], below: Sequence[str]) -> bool:
    """Whether the second row says what kind of answer stands below each question, and nothing of the respondent."""
    return bool(below and top[0] and not below[0]) and any(phrase(cell) in _ANSWER_KINDS for cell in below)


def _spread(top: Sequence[str], below: Sequence[str]) -> tuple[str, ...]:
    """A question over several columns names each of them, with the choice that the column is for."""
    headers: list[str] = []
    question = ""
    for index, name in enumerate(top):
        question = name or question
        choice = below[index] if index < len(below) else ""
        headers.append(f"{question} - {choice}" if choice and phrase(choice) not in _ANSWER_KINDS else name or question)
    return tuple(headers)
