"""Units as the domain sees them."""

from collections.abc import Iterable
from dataclasses import dataclass

from millrace.contracts.insights import Quote
from millrace.contracts.roles import AGENT

ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Source:
    """A unit before it is annotated."""

    text: str
    text_hash: str
    lang: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit with what is known of it."""

    unit_id: str
    record_id: str
    text: str
    text_hash: str
    lang: str = "en"
    role: str = "customer"
    dup_of: str = ""
    sentiment: float = 0.0
    themes: tuple[str, ...] = ()

    def quote(self) -> Quote:
        """The unit as evidence."""
        return Quote(record_id=self.record_id, unit_id=self.unit_id, text=self.text, sentiment=self.sentiment)


def feedback(units: Iterable[Unit]) -> list[Unit]:
    """The units that count, by unit id: what customers wrote, every duplicate of a turn left out."""
    chosen = (unit for unit in units if unit.role != AGENT and not unit.dup_of)
    return sorted(chosen, key=lambda unit: unit.unit_id)


def readable(units: Iterable[Unit]) -> list[Unit]:
    """The units that count and are in English."""
    return [unit for unit in feedback(units) if english(unit.lang)]


def english(lang: str) -> bool:
    """Whether the lexicon, the taxonomy and the model can read the language; short texts have none that is known."""
    return lang in ("", "und", ENGLISH) or lang.startswith(f"{ENGLISH}-")
