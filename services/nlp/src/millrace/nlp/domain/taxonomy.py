"""The taxonomy: themes as data, found in a unit by their cues."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from millrace.nlp.domain.cues import CueBook, Found, Word, words
from millrace.nlp.errors import InvalidCues

EXEMPLARS = 2
"""How many exemplars a vector is compared with, so that one odd sentence cannot decide."""

_ID = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Something that feedback may be about."""

    id: str
    label: str
    cues: tuple[str, ...]
    """Phrases that name it."""
    exceptions: tuple[str, ...] = ()
    """Phrases that hold a cue and mean something else."""
    exemplars: tuple[str, ...] = ()
    """Sentences that mean it; none, or at least `EXEMPLARS`."""
    tone: str = ""
    """`positive` or `negative` where what sounds the other way cannot mean it."""


@dataclass(frozen=True)
class _Sign:
    theme: str
    exception: bool


class Taxonomy:
    """Themes, ready to be looked for."""

    def __init__(self, themes: Sequence[Theme]) -> None:
        """InvalidCues when a cue cannot be read, an id is taken twice or exemplars are too few."""
        ids = [theme.id for theme in themes]
        if len(set(ids)) < len(ids) or not all(map(_ID.fullmatch, ids)):
            raise InvalidCues("theme ids must be unique and in snake case")
        if any(0 < len(theme.exemplars) < EXEMPLARS for theme in themes):
            raise InvalidCues(f"a theme has fewer than {EXEMPLARS} exemplars")
        self.themes = tuple(themes)
        self._order = {theme.id: place for place, theme in enumerate(themes)}
        self._book = CueBook(_signs(themes))

    @property
    def labels(self) -> dict[str, str]:
        """What people are shown instead of an id."""
        return {theme.id: theme.label for theme in self.themes}

    def mentioned(self, text: str, spoken: Sequence[Word] | None = None) -> tuple[str, ...]:
        """Ids of the themes that the text names, in the taxonomy's order; `spoken` are its words, if known."""
        found = list(self._book.find(text, words(text) if spoken is None else spoken))
        if not found:
            return ()
        excepted: dict[str, list[Found[_Sign]]] = {}
        for each in found:
            if each.payload.exception:
                excepted.setdefault(each.payload.theme, []).append(each)
        named = {each.payload.theme for each in found if _counts(each, excepted)}
        return tuple(sorted(named, key=self._order.__getitem__))


def parse_taxonomy(data: dict[str, Any], each: str = "theme") -> Taxonomy:
    """A taxonomy from the contents of `taxonomy.toml` or its like; InvalidCues when something is missing."""
    try:
        themes = [
            Theme(
                id=theme["id"], label=theme["label"], cues=tuple(theme["cues"]),
                exceptions=tuple(theme.get("exceptions", ())), exemplars=tuple(theme.get("exemplars", ())),
                tone=theme.get("tone", ""),
            )
            for theme in data[each]
        ]  # fmt: skip
    except (KeyError, TypeError) as error:
        raise InvalidCues("a theme lacks its id, label or cues") from error
    return Taxonomy(themes)


def _signs(themes: Iterable[Theme]) -> Iterable[tuple[str, _Sign]]:
    for theme in themes:
        yield from ((cue, _Sign(theme.id, exception=False)) for cue in theme.cues)
        yield from ((cue, _Sign(theme.id, exception=True)) for cue in theme.exceptions)


def _counts(found: Found[_Sign], excepted: dict[str, list[Found[_Sign]]]) -> bool:
    if found.payload.exception:
        return False
    others = excepted.get(found.payload.theme, ())
    return not any(other.start < found.end and found.start < other.end for other in others)
