"""Drafts: records before they have an id, with what is true of them."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from millrace.testing.corpus.options import DEPARTMENT
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
_BLAME_OF_DRIVER, _BLAME_BESIDE_DRIVER = 0.85, 0.2
"""Share of complaints where one theme or department alone drives the score, and everywhere else then."""
_MIXED = 0.12
_WEIGHT_OF_DRIVER = 2.0
"""Against 1 for each other theme: what annoys people is what they write about."""

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
    campaign: int = 0
    """Number of the cluster of edited copies; 0 for none."""


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The period of a corpus."""

    start: date
    days: int
    change: bool = True
    surge: float = 1.0
    trend: float = 0.0

    @property
    def change_point(self) -> date:
        """Three weeks before the end; later than two thirds of a period that is too short for that."""
        return self.start + timedelta(days=max(self.days - 21, self.days * 2 // 3))

    def changed(self, at: datetime) -> bool:
        """Whether what happens at the change point has happened."""
        return self.change and at.date() >= self.change_point

    @cached_property
    def _weights(self) -> list[float]:
        return [self._weight(day) for day in range(self.days)]

    def _weight(self, day: int) -> float:
        """Records of a day, through those of another."""
        date_of = self.start + timedelta(days=day)
        grown = 1.0 + self.trend * day / self.days
        return _WEEKDAYS[date_of.weekday()] * grown * (self.surge if date_of >= self.change_point else 1.0)

    def moment(self, rng: random.Random) -> datetime:
        """A minute of the period: weekends and evenings are busier."""
        day = self.start + timedelta(days=rng.choices(range(self.days), self._weights)[0])
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


def theme(rng: random.Random, choices: tuple[str, ...], weights: Mapping[str, float]) -> str:
    """A theme; one without a weight has 1."""
    return rng.choices(choices, [weights.get(choice, 1.0) for choice in choices])[0]


def weights(after: bool, drag: float, driver: str) -> dict[str, float]:
    """The themes that weigh more than others: `after` the change point the one that drags the score, and a driver."""
    dragging = {DRAG_THEME: drag} if after else {}
    return dragging | ({driver: _WEIGHT_OF_DRIVER} if driver else {})


def tone(rng: random.Random, theme: str, department: str, after: bool, driver: str = "") -> str:
    """`positive`, `negative` or `mixed`; a `driver` alone decides how much is complained about."""
    if rng.random() < (_driven(theme, department, driver) if driver else _blame(theme, department, after)):
        return "negative"
    return "mixed" if rng.random() < _MIXED else "positive"


def _blame(theme: str, department: str, after: bool) -> float:
    blame = _BLAME_AFTER if after and theme == DRAG_THEME else _BLAME[theme]
    return min(0.95, blame + _BLAME_LOW_DEPARTMENT) if department == LOW_DEPARTMENT else blame


def _driven(theme: str, department: str, driver: str) -> float:
    hit = department == LOW_DEPARTMENT if driver == DEPARTMENT else theme == driver
    return _BLAME_OF_DRIVER if hit else _BLAME_BESIDE_DRIVER


def stars(rng: random.Random, tone: str) -> int:
    """1 or 2 for blame, 4 or 5 for praise, about 3 for both."""
    return rng.choice(_STARS[tone])


def language(rng: random.Random, country: str) -> str:
    """Mostly English: about one text in ten is in the language of a German, Spanish or French customer."""
    native = {"DE": "de", "ES": "es", "FR": "fr"}.get(country, "en")
    return native if rng.random() < 0.35 else "en"
