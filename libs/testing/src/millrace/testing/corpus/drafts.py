"""Drafts: records before they have an id, with what is true of them."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from millrace.testing.corpus.truth import Planted

DRAG_THEME = "delivery"
LOW_DEPARTMENT = "Shoes"

_BLAME = {
    "delivery": 0.22, "quality": 0.18, "fit": 0.25, "price": 0.2, "customer_support": 0.2, "returns": 0.28,
    "usability": 0.22,
}  # fmt: skip
"""Share of complaints by theme, before anything is planted."""
_BLAME_AFTER = 0.88
"""The same for the theme that drags the score, after the change point."""
_BLAME_LOW_DEPARTMENT = 0.3
"""Added for the department that scores lower."""
_MIXED = 0.12
_WEIGHT_BEFORE, _WEIGHT_AFTER = 1.0, 5.0
"""Weight of the theme that drags the score against 1 for each other theme."""

_STARS = {"positive": (5, 5, 5, 4, 4), "negative": (1, 1, 1, 2, 2), "mixed": (3, 3, 3, 2, 4)}
_COUNTRIES = {"US": 40, "GB": 25, "DE": 15, "FR": 11, "ES": 9}
_DEPARTMENTS = {"Women": 30, "Men": 22, "Kids": 12, "Shoes": 18, "Home": 18}
_WEEKDAYS = (6, 5, 4, 4, 5, 7, 8)
"""Weights from Monday to Sunday: people write at the weekend."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One record to be, and what is true of it."""

    at: datetime
    customer: str
    attrs: Mapping[str, str]
    channel: str
    tone: str = ""
    themes: tuple[str, ...] = ()
    language: str = ""
    text: str = ""
    title: str = ""
    stars: int | None = None
    thread: str = ""
    role: str = "customer"
    personal: tuple[Planted, ...] = ()
    copy_of: "Draft | None" = None


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The period of a corpus."""

    start: date
    days: int

    @property
    def change_point(self) -> date:
        """Three weeks before the end; later than two thirds of a period that is too short for that."""
        return self.start + timedelta(days=max(self.days - 21, self.days * 2 // 3))

    def moment(self, rng: random.Random) -> datetime:
        """A minute of the period: weekends and evenings are busier."""
        days = range(self.days)
        weights = [_WEEKDAYS[(self.start + timedelta(days=day)).weekday()] for day in days]
        day = self.start + timedelta(days=rng.choices(days, weights)[0])
        hour = min(23, max(6, round(rng.gauss(17, 4))))
        return datetime.combine(day, time(hour, rng.randrange(60), rng.randrange(60)), UTC)

    def later(self, at: datetime, hours: float) -> datetime:
        """The moment so many hours later, but within the period."""
        last = datetime.combine(self.start + timedelta(days=self.days - 1), time(23, 59, 59), UTC)
        return min(at + timedelta(seconds=round(hours * 3600)), last)


def attributes(rng: random.Random) -> dict[str, str]:
    """A customer: country, plan and age, where some do not tell their age."""
    attrs = {"plan": rng.choices(("basic", "plus", "family"), (60, 28, 12))[0]}
    attrs["country"] = rng.choices(list(_COUNTRIES), list(_COUNTRIES.values()))[0]
    if rng.random() < 0.88:
        attrs["age"] = str(min(79, max(18, round(rng.gauss(42, 14)))))
    return attrs


def department(rng: random.Random) -> str:
    """A department, by how much it sells."""
    return rng.choices(list(_DEPARTMENTS), list(_DEPARTMENTS.values()))[0]


def theme(rng: random.Random, choices: tuple[str, ...], after: bool) -> str:
    """A theme; `after` the change point mostly the one that drags the score."""
    drag = _WEIGHT_AFTER if after else _WEIGHT_BEFORE
    return rng.choices(choices, [drag if choice == DRAG_THEME else 1.0 for choice in choices])[0]


def tone(rng: random.Random, theme: str, department: str, after: bool) -> str:
    """`positive`, `negative` or `mixed`."""
    blame = _BLAME_AFTER if after and theme == DRAG_THEME else _BLAME[theme]
    if department == LOW_DEPARTMENT:
        blame = min(0.95, blame + _BLAME_LOW_DEPARTMENT)
    if rng.random() < blame:
        return "negative"
    return "mixed" if rng.random() < _MIXED else "positive"


def stars(rng: random.Random, tone: str) -> int:
    """1 or 2 for blame, 4 or 5 for praise, about 3 for both."""
    return rng.choice(_STARS[tone])


def language(rng: random.Random, country: str) -> str:
    """Mostly English: about one text in ten is in the language of a German, Spanish or French customer."""
    native = {"DE": "de", "ES": "es", "FR": "fr"}.get(country, "en")
    return native if rng.random() < 0.35 else "en"
