"""Near-duplicates: one text that many send, each with a little edit of their own."""

import random
from collections.abc import Callable

_PREFIXES = ("Hello, ", "FYI: ", "Just so you know: ", "Again: ", "Dear shop, ", "Hi there! ")
_SUFFIXES = (" Thanks.", " Please fix.", " Regards", " Just saying.", " Shame on you!", " #fail")


def edited(rng: random.Random, text: str) -> str:
    """The text with one or two small edits: words swapped, a slip, a word left out, something added, another case."""
    for edit in rng.sample(_EDITS, rng.randint(1, 2)):
        text = edit(rng, text)
    return text


def _swap(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    at = rng.randrange(len(words) - 1)
    words[at], words[at + 1] = words[at + 1], words[at]
    return " ".join(words)


def _slip(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    at = rng.choice([place for place, word in enumerate(words) if len(word) > 3])
    cut = rng.randrange(1, len(words[at]) - 1)
    words[at] = words[at][:cut] + words[at][cut + 1 :]
    return " ".join(words)


def _omit(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    del words[rng.randrange(len(words))]
    return " ".join(words)


def _begin(rng: random.Random, text: str) -> str:
    return f"{rng.choice(_PREFIXES)}{text}"


def _end(rng: random.Random, text: str) -> str:
    return f"{text}{rng.choice(_SUFFIXES)}"


def _case(rng: random.Random, text: str) -> str:
    return text.upper() if rng.random() < 0.5 else text.lower()


_EDITS: tuple[Callable[[random.Random, str], str], ...] = (_swap, _slip, _omit, _begin, _end, _case)
