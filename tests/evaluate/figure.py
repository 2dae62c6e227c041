"""A quality figure: a number with its target, what it stands on, and a verdict."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

MET, MISSED, TOLD, SKIPPED = "met", "missed", "told", "skipped"


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a figure is to reach; both ends count."""

    least: float | None = None
    most: float | None = None

    def meets(self, value: float) -> bool:
        """Whether the value lies within."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        if self.least is None:
            return f"<= {self.most:g}"
        return f">= {self.least:g}" if self.most is None else f"{self.least:g} to {self.most:g}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the evaluation."""

    area: str
    name: str
    value: float | None
    """None when it could not be measured."""
    n: int
    """What it stands on: strings, lines, pairs, corpora, as the name says."""
    target: Target | None = None
    note: str = ""
    skipped: bool = False
    """What it is measured on is not there, which is nobody's fault."""
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """A figure that could not be measured misses its target."""
        if self.skipped:
            return SKIPPED
        if self.target is None:
            return TOLD
        return MET if self.value is not None and self.target.meets(self.value) else MISSED

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        return asdict(self) | {"verdict": self.verdict}


def share(hits: int, n: int) -> float | None:
    """Hits through n; None when there is nothing."""
    return hits / n if n else None


def not_offered(area: str, names: Sequence[tuple[str, Target | None]], why: str) -> list[Figure]:
    """Figures of a step that delivered nothing."""
    return [
        Figure(area=area, name=name, value=None, n=0, target=target, note=why.replace("_", " "))
        for name, target in names
    ]  # fmt: skip
