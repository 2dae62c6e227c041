"""What moved: trends and change points of the scores, volume, and what is on the rise."""

from collections.abc import Collection

from millrace.analytics.domain.findings.common import records_of
from millrace.analytics.domain.words import WORDS, counted, p_text, percent
from millrace.contracts.insights import ChangePoint, Changes, Emerging, Estimate, Kpis, Trend, Trends
from millrace.contracts.records import Scale
from millrace.contracts.report import Finding


def rating_trend(trends: Trends | None, kpis: Kpis | None) -> Finding | None:
    """How the main score moved over the whole span, if it did."""
    if trends is None or kpis is None or not kpis.scores:
        return None
    scale = Scale(kpis.scores[0].kind)
    for trend in trends.series:
        if trend.metric == f"mean_{scale.value}" and trend.direction in ("up", "down") and trend.slope:
            return _moved(trend, trend.slope, WORDS[scale].subject, 100.0 if WORDS[scale].percent else 1.0)
    return None


def volume_trend(trends: Trends | None) -> Finding | None:
    """How the number of records moved, if it did."""
    for trend in trends.series if trends else ():
        if trend.metric == "volume" and trend.direction in ("up", "down") and trend.slope:
            return _moved(trend, trend.slope, "The number of rated records", 1.0)
    return None


def _moved(trend: Trend, slope: Estimate, subject: str, factor: float) -> Finding:
    verb = "rose" if slope.value > 0 else "fell"
    unit = " points" if factor == 100.0 else ""
    periods = (trend.points[-1].at - trend.points[0].at).days // (7 if trend.period == "week" else 1)
    total = f"{abs(slope.value) * factor * periods:.2g}{unit}"
    each = f"{slope.value * factor:+.2g} a {trend.period}, {slope.low * factor:+.2g} to {slope.high * factor:+.2g}"
    p_value = p_text(trend.p_value) if trend.p_value is not None else ""
    n = sum(point.n for point in trend.points)
    text = f"{subject} {verb} by about {total} over {counted(periods, trend.period)} ({each}, {p_value}, n={n:,})"
    return Finding(text=text, metric=f"trends.{trend.metric}.slope", estimate=slope, n=n)


def change(changes: Changes | None) -> Finding | None:
    """The change of level that is surest; among equally sure ones a change for the worse, the first that is told."""
    if changes is None or not changes.change_points:
        return None
    most = min(changes.change_points, key=_surest)
    return Finding(
        text=changed(most), metric=f"change_points.{most.metric}", estimate=most.difference, n=most.difference.n,
        evidence=most.evidence,
    )  # fmt: skip


def _surest(point: ChangePoint) -> tuple[float, bool]:
    return point.p_value, not worse(point)


def worse(point: ChangePoint) -> bool:
    """Whether it is a change for the worse: a score or the tone fell, or a theme or the load rose."""
    scored = point.metric.startswith("mean_") or point.metric == "sentiment"
    return (point.difference.value < 0) == scored


def changed(point: ChangePoint) -> str:
    """A change of level in words."""
    way = "rose" if point.difference.value > 0 else "fell"
    before, after = (_level(point.metric, each.value) for each in (point.before, point.after))
    return (
        f"{_subject(point)} {way} on {point.at:%-d %B %Y}: {before} before, {after} since "
        f"({p_text(point.p_value)}, n={point.before.n + point.after.n:,})"
    )


def _subject(point: ChangePoint) -> str:
    return f"Mentions of {point.label}" if point.metric.startswith("theme.") else point.label


def _level(metric: str, value: float) -> str:
    if metric == "volume":
        return f"{value:.3g} records a day"
    if metric.startswith("mean_"):
        return WORDS[Scale(metric.removeprefix("mean_"))].level(value)
    return f"{value:+.2f}" if metric == "sentiment" else f"{percent(value)} of the records"


def subject(metric: str) -> str:
    """What a metric is about: `delivery` for `theme.delivery` as for `complaints.delivery`."""
    return metric.rpartition(".")[2]


def rising(emerging: Emerging | None, told: Collection[str] = ()) -> Finding | None:
    """What rises most among the themes, reasons and phrases that rise for sure, but for subjects that were told."""
    themes = [each for each in (emerging.themes if emerging else ()) if each.id not in told]
    if not themes:
        return None
    most = min(themes, key=lambda each: (each.p_value, -each.ratio.value, each.id))
    was = f"{counted(most.before, 'conversation')} in all the time before" if most.before else "never before"
    rate = f"{most.ratio.value:.1f} times its rate, {most.ratio.low:.1f} to {most.ratio.high:.1f}"
    text = (
        f"On the rise: {most.label}, in {counted(most.recent, 'conversation')} of late and {was} "
        f"({rate}, {p_text(most.p_value)})"
    )
    return Finding(
        text=text, metric=f"emerging.{most.id}.ratio", estimate=most.ratio, n=most.recent,
        evidence=records_of(most.quotes),
    )  # fmt: skip
