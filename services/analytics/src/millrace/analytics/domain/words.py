"""Numbers in plain words."""

from dataclasses import dataclass

from millrace.contracts.insights import Estimate
from millrace.contracts.records import Scale


@dataclass(frozen=True, kw_only=True)
class ScaleWords:
    """How a scale's mean is spoken of. A share is told in per cent, its change in points."""

    subject: str
    top: str
    """What the highest answer is called."""
    percent: bool = False

    def level(self, value: float) -> str:
        """A mean: `4.18` or `50.0 %`."""
        return f"{100 * value:.1f} %" if self.percent else f"{value:.2f}"

    def change(self, value: float) -> str:
        """A difference of means with its sign: `+0.13` or `-2.5 points`."""
        return f"{100 * value:+.1f} points" if self.percent else f"{value:+.2f}"

    def effect(self, number: Estimate) -> str:
        """A difference with its interval: `+0.13; +0.08 to +0.17`."""
        factor, digits = (100, 1) if self.percent else (1, 2)
        return f"{self.change(number.value)}; {factor * number.low:+.{digits}f} to {factor * number.high:+.{digits}f}"

    @property
    def inside(self) -> str:
        """The subject within a sentence."""
        return self.subject[0].lower() + self.subject[1:]


WORDS = {
    Scale.STARS5: ScaleWords(subject="Mean rating", top="5 stars"),
    Scale.STARS10: ScaleWords(subject="Mean rating", top="10 stars"),
    Scale.NPS: ScaleWords(subject="Mean likelihood to recommend", top="10"),
    Scale.CSAT: ScaleWords(subject="Mean CSAT", top="5"),
    Scale.CES: ScaleWords(subject="Mean ease score", top="7"),
    Scale.BINARY: ScaleWords(subject="Share that liked it", top="a like", percent=True),
    Scale.PERCENT: ScaleWords(subject="Mean score", top="90 or more"),
}


def of(scale: Scale) -> str:
    """What a mean is out of: ` of 5`; nothing for a share."""
    return "" if WORDS[scale].percent else f" of {scale.bounds[1]:g}"


def percent(share: float) -> str:
    """A share: `56 %`, or `4.2 %` below ten."""
    return f"{100 * share:.0f} %" if share >= 0.0995 or share == 0 else f"{100 * share:.1f} %"


def counted(n: int, noun: str) -> str:
    """A count with its noun: `1 record`, `1,000 records`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def p_text(p_value: float) -> str:
    """A p-value as it is usually written."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def negated(number: Estimate) -> Estimate:
    """The same effect seen from the other side."""
    return number.model_copy(update={"value": -number.value, "low": -number.high, "high": -number.low})
