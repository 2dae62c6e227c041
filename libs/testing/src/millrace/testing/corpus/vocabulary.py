"""Phrases, and the words that fill their slots."""

import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

Phrases = Mapping[str, Mapping[str, list[str]]]
"""Theme or section → tone or part → phrases."""

THEMES = ("delivery", "quality", "fit", "price", "customer_support", "returns", "usability")
_CLOTHES_ONLY = "fit"

DEPARTMENTS: Mapping[str, tuple[str, ...]] = {
    "Women": ("dress", "blouse", "skirt", "cardigan", "jumpsuit", "raincoat", "pyjama set", "scarf"),
    "Men": ("shirt", "sweater", "hoodie", "jacket", "polo", "coat", "suit", "waistcoat"),
    "Kids": ("romper", "raincoat", "onesie", "snowsuit", "little jacket", "school uniform", "costume"),
    "Shoes": ("pair of boots", "pair of sneakers", "pair of loafers", "pair of sandals", "pair of slippers"),
    "Home": ("blanket", "duvet cover", "cushion", "rug", "tablecloth", "bath towel", "throw", "curtain"),
}
"""Department → what it sells, in the singular."""

_LANGUAGE_FILES = {
    "en": "english", "de": "german", "es": "spanish", "fr": "french", "fi": "finnish", "it": "italian", "nl": "dutch",
    "pl": "polish", "pt": "portuguese", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
FURTHER_LANGUAGES = ("fi", "it", "nl", "pl", "pt", "sv", "tr")
"""Those that only a corpus with `foreign` reviews has."""
_SIZES: Mapping[str, tuple[str, ...]] = {
    "Women": ("small", "medium", "large", "size 36", "size 40", "size 44"),
    "Men": ("small", "medium", "large", "size 48", "size 52", "extra large"),
    "Kids": ("size 98", "size 104", "size 116", "size 128"),
    "Shoes": ("size 37", "size 39", "size 42", "size 44"),
    "Home": ("bigger one", "smaller one", "wider one"),
}
COLOURS = ("navy", "olive", "burgundy", "cream", "dark grey", "mustard", "teal", "black", "forest green", "pale pink")
_EVENTS = (
    "my sister's wedding", "a trip to Lisbon", "the first day of school", "my dad's birthday", "a job interview",
    "our housewarming", "the winter", "a christening", "our anniversary", "the school play", "a weekend by the sea",
)  # fmt: skip
_FRIENDS = (
    "my sister", "my husband", "my wife", "a colleague", "my mum", "my flatmate", "our neighbour", "my best friend",
    "my brother", "my daughter", "my aunt",
)  # fmt: skip
_COURIERS = ("The driver", "The courier", "The postwoman", "The delivery guy", "The lady from the parcel service")
_FIRST_NAMES = (
    "Maya", "Oskar", "Lucía", "Henriette", "Tomasz", "Priya", "Callum", "Noémie", "Jonas", "Aisha", "Marta", "Dylan",
    "Ingrid", "Rafael", "Yuki", "Beatrice",
)  # fmt: skip
_LAST_NAMES = (
    "Lindqvist", "Ferreira", "Okafor", "Brandt", "Castellanos", "Whitcombe", "Moreau", "Novak", "Hargreaves", "Iyer",
    "Sandoval", "Petersen", "Achebe", "Delacroix", "Winterbourne",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a text is to say."""

    theme: str
    tone: str
    department: str
    item: str
    colour: str
    order: int
    """The number of the order that it is about."""
    language: str = "en"
    other: str = ""
    """The theme that a mixed text praises."""


@cache
def phrases(language: str) -> Phrases:
    """The phrases of a language by its ISO 639-1 code."""
    return _read(_LANGUAGE_FILES[language])


@cache
def new_phrases() -> Phrases:
    """The phrases of the themes that the taxonomy does not know, in English."""
    return _read("new_themes")


def _read(name: str) -> Phrases:
    return tomllib.loads((files("millrace.testing.corpus") / "phrases" / f"{name}.toml").read_text("utf-8"))


def themes_of(department: str) -> tuple[str, ...]:
    """Themes that customers of a department speak of: only clothes fit or do not."""
    clothes = department in ("Women", "Men", "Kids")
    return THEMES if clothes else tuple(theme for theme in THEMES if theme != _CLOTHES_ONLY)


def fill(rng: random.Random, phrase: str, subject: Subject, *, praise: bool) -> str:
    """The phrase with its slots filled, beginning with a capital; praise comes with few days, blame with many."""
    days = rng.randint(2, 4) if praise else rng.randint(5, 14)
    sizes = _SIZES[subject.department] if subject.language == "en" else ("S", "M", "L")
    filled = phrase.format(
        item=subject.item, order=subject.order, n=days, weeks=rng.randint(2, 6), price=f"${rng.randint(15, 149)}",
        size=rng.choice(sizes), colour=subject.colour,
        event=rng.choice(_EVENTS), friend=rng.choice(_FRIENDS), courier=rng.choice(_COURIERS),
    )  # fmt: skip
    return filled[0].upper() + filled[1:]


def personal_name(rng: random.Random) -> str:
    """A first and a last name of nobody."""
    return f"{rng.choice(_FIRST_NAMES)} {rng.choice(_LAST_NAMES)}"


def email(rng: random.Random) -> str:
    """An address under a domain that nobody can own (RFC 2606)."""
    first, last = personal_name(rng).encode("ascii", "ignore").decode().lower().split()
    return rng.choice((f"{first}.{last}@example.com", f"{first[0]}{last}{rng.randint(1, 99)}@example.org"))


def phone(rng: random.Random) -> str:
    """A number out of the range reserved for fiction (555-0100 to 555-0199)."""
    line = f"555-01{rng.randint(0, 99):02d}"
    return rng.choice((f"(212) {line}", f"+1 415 {line}", f"312-{line}"))
