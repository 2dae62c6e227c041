"""The few findings that a reader must not miss, in plain words with their numbers.

Only what is significant is claimed; where a question was asked and the data have no answer, that is said.
"""

from collections.abc import Iterable

from millrace.analytics.domain.estimates import LEVEL, excludes_zero, share, significant
from millrace.analytics.domain.words import WORDS, counted, negated, of, p_text, percent
from millrace.contracts.insights import (
    Drivers,
    Estimate,
    Kpis,
    Quote,
    Score,
    SegmentScore,
    Theme,
    ThemeImpacts,
    Topics,
    Trend,
    Trends,
)
from millrace.contracts.records import Scale
from millrace.contracts.report import Finding

MOST = 5


def headline(
    kpis: Kpis | None, trends: Trends | None, impact: ThemeImpacts | None, drivers: Drivers | None,
    topics: Topics | None,
) -> tuple[Finding, ...]:  # fmt: skip
    """At most five findings, the most important question first.

    How good, moving where, what drags, who is worse off, what is new, what goes with the score beside that, what
    lifts, how much comes in.
    """
    drag, lift = _themes(impact)
    found = (
        _level(kpis, impact), _rating_trend(trends, kpis), drag, _segment(drivers), _topic(topics),
        _driver(drivers, impact, told=drag), lift, _volume_trend(trends),
    )  # fmt: skip
    return tuple(finding for finding in found if finding is not None)[:MOST]


def _level(kpis: Kpis | None, impact: ThemeImpacts | None) -> Finding | None:
    if kpis is not None and kpis.scores:
        score = kpis.scores[0]
        return _nps(score, score.nps) if score.nps else _mean(score)
    if impact is None or impact.sentiment.n == 0:
        return None
    net = impact.sentiment
    tone = "on balance positive" if net.low > 0 else "on balance negative" if net.high < 0 else "neither good nor bad"
    text = f"The tone is {tone}: net sentiment {net.value:+.2f} ({_span(net, '+.2f')}, n={net.n:,} sentences)"
    return Finding(text=text, metric="sentiment", estimate=net, n=net.n)


def _mean(score: Score) -> Finding:
    scale, mean = Scale(score.kind), score.mean
    words = WORDS[scale]
    interval = f"({words.level(mean.low)} to {words.level(mean.high)}, n={mean.n:,})"
    text = f"{words.subject} {words.level(mean.value)}{of(scale)} {interval}"
    if not words.percent:
        text += f"; {percent(score.distribution[-1].share.value)} gave {words.top}"
    return Finding(text=text, metric=f"kpis.scores.{score.kind}.mean", estimate=mean, n=mean.n)


def _nps(score: Score, nps: Estimate) -> Finding:
    promoters = sum(bucket.count for bucket in score.distribution if bucket.value >= 9) / nps.n
    text = f"NPS {nps.value:+.0f} ({_span(nps, '+.0f')}, n={nps.n:,}); {percent(promoters)} are promoters"
    return Finding(text=text, metric="kpis.scores.nps.nps", estimate=nps, n=nps.n)


def _rating_trend(trends: Trends | None, kpis: Kpis | None) -> Finding | None:
    if trends is None or kpis is None or not kpis.scores:
        return None
    scale = Scale(kpis.scores[0].kind)
    for trend in trends.series:
        if trend.metric == f"mean_{scale.value}" and trend.direction in ("up", "down") and trend.slope:
            return _moved(trend, trend.slope, WORDS[scale].subject, 100.0 if WORDS[scale].percent else 1.0)
    return None


def _volume_trend(trends: Trends | None) -> Finding | None:
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


def _themes(impact: ThemeImpacts | None) -> tuple[Finding | None, Finding | None]:
    """The theme that pulls the score down most and the one that lifts it most."""
    if impact is None:
        return None, None
    if impact.overall is None or not impact.kind:
        return _complaint(impact.themes), None
    measured = [(theme, theme.impact) for theme in impact.themes if theme.impact is not None]
    if not measured:
        return None, None
    stands = significant([number for _, number in measured])
    moving = sorted(
        (pair for pair, stand in zip(measured, stands, strict=True) if stand), key=lambda pair: pair[1].value
    )
    scale, overall = Scale(impact.kind), impact.overall
    if not moving:
        return _nothing_moves(scale, measured), None
    worst, best = moving[0], moving[-1]
    drag = _pull(scale, overall, *worst, "pulls the score down most") if worst[1].value < 0 else None
    lift = _pull(scale, overall, *best, "lifts the score most") if best[1].value > 0 else None
    return drag, lift


def _pull(scale: Scale, overall: Estimate, theme: Theme, impact: Estimate, does: str) -> Finding:
    words = WORDS[scale]
    would = words.level(overall.value - impact.value)
    text = (
        f"{theme.label} {does}: without the {counted(impact.n, 'record')} that mention it the {words.inside} would be "
        f"{would} instead of {words.level(overall.value)} ({words.effect(negated(impact))})"
    )
    return Finding(
        text=text, metric=f"themes.{theme.id}.impact", estimate=impact, n=impact.n,
        evidence=_records(theme.quotes),
    )  # fmt: skip


def _nothing_moves(scale: Scale, measured: list[tuple[Theme, Estimate]]) -> Finding:
    theme, impact = max(measured, key=lambda pair: (abs(pair[1].value), pair[0].id))
    text = (
        f"No theme moves the score measurably; the largest difference is that of {theme.label} "
        f"({WORDS[scale].effect(impact)}, {counted(impact.n, 'record')})"
    )
    return Finding(text=text, metric=f"themes.{theme.id}.impact", estimate=impact, n=impact.n)


def _complaint(themes: Iterable[Theme]) -> Finding | None:
    """Without ratings: the theme with the most negative mentions among those whose tone is negative for sure."""
    for theme in themes:
        if theme.sentiment.high < 0:
            text = (
                f"{theme.label} is the weightiest complaint: {percent(theme.share.value)} of the records mention it "
                f"(n={theme.records:,}), with a net sentiment of {theme.sentiment.value:+.2f} "
                f"({_span(theme.sentiment, '+.2f')})"
            )
            evidence = _records(theme.quotes)
            return Finding(
                text=text, metric=f"themes.{theme.id}.sentiment", estimate=theme.sentiment, n=theme.records,
                evidence=evidence,
            )  # fmt: skip
    return None


def _segment(drivers: Drivers | None) -> Finding | None:
    """The segment below the rest that costs the overall score most (difference times size), or else the one above."""
    if drivers is None or not drivers.kind:
        return None
    stands = [each for each in drivers.segments if each.p_value < 1 - LEVEL and excludes_zero(each.difference)]
    if not stands:
        return None
    below = [each for each in stands if each.difference.value < 0]
    most = max(below or stands, key=lambda each: (abs(each.difference.value) * each.mean.n, each.name, each.value))
    return _apart(Scale(drivers.kind), most, "" if below else "; no segment scores measurably below")


def _apart(scale: Scale, segment: SegmentScore, rider: str) -> Finding:
    words, difference = WORDS[scale], segment.difference
    side = "above" if difference.value > 0 else "below"
    rest = words.level(segment.mean.value - difference.value)
    text = (
        f"{segment.name}: {segment.value} scores {side} the rest, {words.level(segment.mean.value)} against {rest} "
        f"({words.effect(difference)}, n={segment.mean.n:,}){rider}"
    )
    metric = f"segments.{segment.name}.{segment.value}.difference"
    return Finding(text=text, metric=metric, estimate=difference, n=segment.mean.n)


def _driver(drivers: Drivers | None, impact: ThemeImpacts | None, told: Finding | None) -> Finding | None:
    """The strongest driver that stands, unless it is the theme that was told already."""
    if drivers is None or not drivers.drivers:
        return None
    stands = significant([each.effect for each in drivers.drivers])
    best = next((each for each, stand in zip(drivers.drivers, stands, strict=True) if stand), None)
    if best is None or (told is not None and told.metric == f"themes.{best.feature}.impact"):
        return None
    effect = best.effect
    way = "higher" if effect.value > 0 else "lower"
    text = (
        f"{best.label} goes most closely with a {way} score, other things equal "
        f"({WORDS[Scale(drivers.kind)].effect(effect)}, n={best.n:,})"
    )
    themes = impact.themes if impact and best.kind == "theme" else ()
    evidence = next((_records(theme.quotes) for theme in themes if theme.id == best.feature), ())
    return Finding(text=text, metric=f"drivers.{best.feature}.effect", estimate=effect, n=best.n, evidence=evidence)


def _topic(topics: Topics | None) -> Finding | None:
    """The biggest topic that the taxonomy does not name."""
    if topics is None or not topics.topics or topics.units == 0:
        return None
    topic = max(topics.topics, key=lambda each: (each.units, each.id))
    number = share(topic.units, max(topics.units, topic.units))
    text = (
        f"The biggest topic outside the taxonomy is {topic.label}: {percent(number.value)} of the sentences "
        f"({percent(number.low)} to {percent(number.high)}, {topic.units:,} of {number.n:,})"
    )
    evidence = _records(topic.quotes)
    return Finding(text=text, metric=f"topics.{topic.id}.share", estimate=number, n=topic.units, evidence=evidence)


def _records(quotes: Iterable[Quote]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(quote.record_id for quote in quotes))


def _span(number: Estimate, spec: str) -> str:
    return f"{number.low:{spec}} to {number.high:{spec}}"
