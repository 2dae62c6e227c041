"""How a metric is called and how its values are written: one place for tiles, tables, charts and sentences."""

from dataclasses import dataclass

from millrace.contracts.insights import Kpis
from millrace.contracts.records import Scale
from millrace.view.formats import count, number, percent, points, signed
from millrace.view.words import plain

SCALES = {
    Scale.STARS5: "mean rating",
    Scale.STARS10: "mean rating",
    Scale.NPS: "mean likelihood to recommend",
    Scale.CSAT: "mean CSAT",
    Scale.CES: "mean ease score",
    Scale.BINARY: "share that liked it",
    Scale.PERCENT: "mean score",
}

ANSWERS: dict[str, str] = {
    Scale.STARS5: "Stars, 1 to 5",
    Scale.STARS10: "Stars, 1 to 10",
    Scale.NPS: "Likelihood to recommend, 0 to 10: detractors, passives, promoters",
    Scale.CSAT: "Satisfaction (CSAT), 1 to 5",
    Scale.CES: "Ease (CES), 1 to 7",
    Scale.BINARY: "Liked it",
    Scale.PERCENT: "Score, 0 to 100",
}
"""A scale's answers as a heading."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric's name within a sentence, and how its values are written."""

    name: str
    kind: str = "level"
    """`level`, `share`, `count` or `tone`."""
    bound: str = ""
    """What a level is out of: ` of 5`."""

    @property
    def title(self) -> str:
        """The name at the begin of a sentence."""
        return f"{self.name[:1].upper()}{self.name[1:]}"

    def value(self, value: float) -> str:
        """A value: `4.18`, `56 %`, `1,204` or `+0.31`."""
        if self.kind == "share":
            return percent(value)
        return signed(value) if self.kind == "tone" else _count(value) if self.kind == "count" else number(value)

    def change(self, value: float) -> str:
        """A difference of two values: `+0.13`, `+2.5 points`, `+12`."""
        if self.kind == "share":
            return points(value)
        return signed(value, 0 if self.kind == "count" and abs(value) >= 10 else 1 if self.kind == "count" else 2)


def of_scale(kind: str) -> Metric:
    """The mean on a rating scale; a scale that is not known here keeps its own name."""
    if kind not in {scale.value for scale in Scale}:
        return Metric(name=f"mean {plain(kind)}" if kind else "score")
    scale = Scale(kind)
    if scale is Scale.BINARY:
        return Metric(name=SCALES[scale], kind="share")
    return Metric(name=SCALES[scale], bound=f" of {scale.bounds[1]:g}")


def metric(name: str, label: str = "") -> Metric:
    """The metric behind a name of the report: `volume`, `mean_<scale>`, `sentiment`, `theme.<id>`.

    `complaints.<id>` is the share of records that say something negative about a theme.
    """
    if name == "volume":
        return Metric(name="number of records", kind="count")
    if name.startswith("mean_"):
        return of_scale(name.removeprefix("mean_"))
    if name == "sentiment":
        return Metric(name="net sentiment", kind="tone")
    if name.startswith(("theme.", "reason.", "phrase.")):
        shown = label or plain(name.partition(".")[2])
        return Metric(name=f"share of records about “{shown}”", kind="share")
    shown = label or plain(name)
    return Metric(name=f"{shown[:1].lower()}{shown[1:]}", kind="share" if name.startswith("complaints.") else "level")


def main_score(kpis: Kpis | None) -> Metric:
    """The score that themes, drivers and segments are measured against: that of the scale with the most ratings."""
    return of_scale(kpis.scores[0].kind) if kpis and kpis.scores else Metric(name="score")


def _count(value: float) -> str:
    return count(value) if value >= 10 or value == int(value) else number(value, 1)
