"""Lines that people of the project wrote and labelled by hand, to judge the language tasks by. Never to train on."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

UNKNOWN = "unknown"
"""As a reason: the line gives none of those that there are."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A piece of feedback and what a reader says of it."""

    id: str
    text: str
    sentiment: str
    """`positive`, `negative` or `neutral`."""
    themes: tuple[str, ...]
    """Ids of the taxonomy; none where it names nothing that the line is about."""
    reason: str | None
    """Id of the contact reason, `UNKNOWN`, or None where readers could disagree: not to be judged."""
    flags: frozenset[str]
    """Of `urgent`, `effort`, `escalation` and `churn`."""


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """A sentence of at least twenty characters and the ISO 639-1 code of its language."""

    id: str
    text: str
    lang: str


@dataclass(frozen=True, kw_only=True)
class Span:
    """A personal string within a text: characters from `start` to before `end`."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """A text and every personal string in it, which may be none."""

    id: str
    text: str
    spans: tuple[Span, ...]


@cache
def feedback() -> tuple[Line, ...]:
    """Sentiment, themes, contact reasons and flags."""
    return tuple(
        Line(
            id=row["id"], text=row["text"], sentiment=row["sentiment"], themes=tuple(row["themes"]),
            reason=row.get("reason"), flags=frozenset(row["flags"]),
        )
        for row in _rows("feedback")
    )  # fmt: skip


@cache
def languages() -> tuple[Spoken, ...]:
    """Three sentences in each of twelve languages."""
    return tuple(Spoken(**row) for row in _rows("languages"))


@cache
def personal() -> tuple[Told, ...]:
    """Texts with personal strings, and texts with numbers that are nobody's."""
    return tuple(
        Told(id=row["id"], text=row["text"], spans=tuple(Span(**span) for span in row["spans"]))
        for row in _rows("personal")
    )


def _rows(name: str) -> list[dict[str, Any]]:
    text = (files("millrace.testing.labelled") / f"{name}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]
