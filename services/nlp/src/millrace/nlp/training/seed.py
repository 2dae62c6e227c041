"""The seed corpus: sentences that the project wrote, with the tone that a reader hears.

`seed/written` holds one file per domain, a sentence per line: `+`, `-` or `0`, a tab, the sentence. `seed/composed`
holds facets (domain, thing, what is good of it, bad of it, plainly true of it; a thing with `*` is a plural) and
patterns, from which sentences are put together that differ in little but their tone: negations, contrasts, hopes and
fears, comparisons, questions. No sentence comes from a data set.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

TONES = {"-": 0, "0": 1, "+": 2}
"""Marks and the classes that they stand for: negative, neutral, positive."""

PER_PATTERN = 2
"""Composed sentences per domain and pattern: with more, they drown the written ones."""
COMPOSED_WEIGHT = 0.4
"""What a composed sentence counts, where a written one counts 1: they repeat each other."""

_TURNS = 3
"""Times that every thing is offered to every pattern, each time with other words."""


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence and its tone."""

    domain: str
    tone: int
    """0 negative, 1 neutral, 2 positive."""
    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class _Facet:
    thing: str
    plural: bool
    good: tuple[str, ...]
    bad: tuple[str, ...]
    plain: tuple[str, ...]


def written() -> list[Example]:
    """The sentences that were written one by one."""
    files = sorted(_folder("written").iterdir(), key=lambda file: file.name)
    return [
        Example(file.name.removesuffix(".tsv"), TONES[mark], text)
        for file in files
        for mark, text in _rows(file)
    ]  # fmt: skip


def composed() -> list[Example]:
    """The sentences that patterns and facets make, a few of each: those whose hashes come first."""
    facets: dict[str, list[_Facet]] = {}
    for domain, *fields in _rows(_folder("composed") / "facets.tsv"):
        facets.setdefault(domain, []).append(_facet(fields))
    patterns = [(mark, pattern) for mark, pattern in _rows(_folder("composed") / "patterns.tsv")]
    return [
        Example(domain, TONES[mark], text, COMPOSED_WEIGHT)
        for domain, things in facets.items()
        for mark, pattern in patterns
        for text in sorted(set(_sentences(pattern, things)), key=_hash)[:PER_PATTERN]
    ]


def corpus_hash() -> str:
    """Of everything that the head learns from."""
    lines = [f"{each.domain}\t{each.tone}\t{each.weight}\t{each.text}\n" for each in (*written(), *composed())]
    return _hash("".join(lines))


def _sentences(pattern: str, things: list[_Facet]) -> Iterator[str]:
    for place, facet in enumerate(things):
        for turn in range(_TURNS):
            other = things[(place + 1 + _TURNS * turn) % len(things)]
            slots = _slots(facet, turn) | {f"{name}2": value for name, value in _slots(other, turn).items()}
            if all(f"{{{name}}}" not in pattern for name, value in slots.items() if not value):
                yield pattern.format_map(slots)


def _slots(facet: _Facet, turn: int) -> dict[str, str]:
    number = ("are", "were", "they") if facet.plural else ("is", "was", "it")
    slots = dict(zip(("is", "was", "it"), number, strict=True))
    slots |= {"thing": facet.thing, "Thing": _capital(facet.thing), "Is": _capital(slots["is"])}
    for name, choices in (("good", facet.good), ("bad", facet.bad), ("plain", facet.plain)):
        single = [choice for choice in choices if " " not in choice]
        slots[name] = choices[turn % len(choices)]
        slots[f"{name}_word"] = single[turn % len(single)] if single else ""
    return slots


def _facet(fields: list[str]) -> _Facet:
    thing, good, bad, plain = fields
    return _Facet(thing.rstrip("*"), thing.endswith("*"), *(tuple(each.split(", ")) for each in (good, bad, plain)))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _folder(name: str) -> Traversable:
    return resources.files("millrace.nlp.training").joinpath("seed", name)


def _rows(file: Traversable) -> list[list[str]]:
    return [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
