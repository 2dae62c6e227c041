"""What a finder of personal data reports."""

from collections.abc import Iterable
from typing import NamedTuple


class Found(NamedTuple):
    """A value and where it stands. Finders report in order, and never two that overlap."""

    start: int
    end: int
    value: str
    """The same for every spelling of the same value."""


def lower(text: str) -> str:
    """The text in lower case, character by character as long as the text itself: `İ` stays what it is."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(small if len(small := character.lower()) == 1 else character for character in text)


def mentions(lowered: str, hints: Iterable[str]) -> bool:
    """Whether any of the words stands in the text. A loop, because `any` over a generator takes twice as long."""
    for hint in hints:  # noqa: SIM110
        if hint in lowered:
            return True
    return False
