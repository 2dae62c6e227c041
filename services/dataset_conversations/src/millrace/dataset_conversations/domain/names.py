"""Names of people that a text itself introduces: "my name is …", "regards, …", "agent … helped me".

Cues only: a name without a cue stays. Recognising those takes a model, which this service does not have.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile

from millrace.dataset_conversations.domain.cues import LABEL, PLAIN_NAME, names_in
from millrace.dataset_conversations.domain.found import Found, lower
from millrace.dataset_conversations.domain.words import NO_NAME, ORDINARY_NAMES

_TOKEN = re.compile(r"[^\W\d_]+")
_SHORTEST = 2
_SHORTEST_PART = 3


def introduced(text: str) -> frozenset[str]:
    """The names that the text's cues introduce, as they are written."""
    found = {_up_to_an_ordinary_word(name) for name in names_in(text, lower(text))}
    if ": " in text:
        found |= _speakers(text)
    return frozenset(name for name in found if len(name) >= _SHORTEST)


def given(values: Iterable[str]) -> frozenset[str]:
    """Those of a record's fields about people that are names, and not numbers or addresses."""
    names = (_up_to_an_ordinary_word(value) for value in map(str.strip, values) if PLAIN_NAME.fullmatch(value))
    return frozenset(name for name in names if len(name) >= _SHORTEST_PART)


def _speakers(text: str) -> set[str]:
    """Labels with a time before them, or that come back: "Pros:" does neither."""
    labels = list(LABEL.finditer(text))
    names = [_up_to_an_ordinary_word(match["name"]) for match in labels]
    return {name for match, name in zip(labels, names, strict=True) if match["time"] or names.count(name) > 1}


def _up_to_an_ordinary_word(name: str) -> str:
    return " ".join(takewhile(lambda word: not NO_NAME.fullmatch(word), name.split())).rstrip(".")


class People:
    """The people whom a conversation knows: finds their names, whole or in part, in its texts."""

    def __init__(self, names: Iterable[str]) -> None:
        """Parts of a name that are ordinary words too, such as May or Brown, count only within it."""
        self._whole: dict[str, str] = {}
        for name in _longest_first(set(names)):
            self._whole.setdefault(name, name.casefold())
            for part in name.split():
                if len(part) >= _SHORTEST_PART and part[0].isupper() and not ORDINARY_NAMES.fullmatch(part):
                    self._whole.setdefault(part, self._whole[name])
        self._by_first: dict[str, list[str]] = {}
        for name in self._whole:
            self._by_first.setdefault(_first(name), []).append(name)

    def find(self, text: str, lowered: str) -> Iterator[Found]:
        """Every mention; the value is the whole name, whichever part of it is mentioned."""
        present = self._by_first.keys() & set(_TOKEN.findall(text))
        if not present:
            return
        names = _longest_first(name for first in present for name in self._by_first[first])
        for match in re.finditer(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", text):
            yield Found(match.start(), match.end(), self._whole[match.group()])


def _longest_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (-len(name), name))


def _first(name: str) -> str:
    found = _TOKEN.search(name)
    return found.group() if found else name


def people(names: Iterable[str]) -> People | None:
    """The people of these names; None when there are none."""
    known = frozenset(names)
    return People(known) if known else None
