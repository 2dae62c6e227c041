"""What moves the score: themes, topics and drivers."""

from collections.abc import Iterable

from millrace.analytics.domain.estimates import share, significant
from millrace.analytics.domain.findings.common import records_of, span
from millrace.analytics.domain.words import WORDS, counted, negated, percent
from millrace.contracts.insights import Drivers, Estimate, Theme, ThemeImpacts, Topics
from millrace.contracts.records import Scale
from millrace.contracts.report import Finding


def drag_and_lift(impact: ThemeImpacts | None) -> tuple[Finding | None, Finding | None]:
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
        evidence=records_of(theme.quotes),
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
                f"({span(theme.sentiment, '+.2f')})"
            )
            evidence = records_of(theme.quotes)
            return Finding(
                text=text, metric=f"themes.{theme.id}.sentiment", estimate=theme.sentiment, n=theme.records,
                evidence=evidence,
            )  # fmt: skip
    return None


def driver(drivers: Drivers | None, impact: ThemeImpacts | None, told: Finding | None) -> Finding | None:
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
    evidence = next((records_of(theme.quotes) for theme in themes if theme.id == best.feature), ())
    return Finding(text=text, metric=f"drivers.{best.feature}.effect", estimate=effect, n=best.n, evidence=evidence)


def topic(topics: Topics | None) -> Finding | None:
    """The biggest topic that the taxonomy does not name."""
    if topics is None or not topics.topics or topics.units == 0:
        return None
    topic = max(topics.topics, key=lambda each: (each.units, each.id))
    number = share(topic.units, max(topics.units, topic.units))
    text = (
        f"The biggest topic outside the taxonomy is {topic.label}: {percent(number.value)} of the sentences "
        f"({percent(number.low)} to {percent(number.high)}, {topic.units:,} of {number.n:,})"
    )
    evidence = records_of(topic.quotes)
    return Finding(text=text, metric=f"topics.{topic.id}.share", estimate=number, n=topic.units, evidence=evidence)
