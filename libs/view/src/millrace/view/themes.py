"""What customers talk about and what it does to the score: themes, drivers, segments."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from millrace.contracts.insights import Estimate, Theme
from millrace.contracts.report import Report
from millrace.view.formats import counted, first, percent, signed
from millrace.view.metrics import Metric, main_score
from millrace.view.sections import Data

CHARTED = 12
"""Themes on the chart: half of them the heaviest drags, half the strongest lifts."""
LISTED = 25
SEGMENTS = 15
"""Of each kind: those that stand apart, and the others."""
DRIVERS = 12
DECIDED = 0.05


@dataclass(frozen=True)
class Strip:
    """Where an interval lies within its column, in per cent of the width."""

    low: float
    width: float
    at: float
    zero: float
    side: str
    """`low` or `high` of zero, `open` where the interval holds it; `plain` where that says nothing."""


def strips(estimates: Sequence[Estimate | None], signed_axis: bool = True) -> list[Strip | None]:
    """The intervals on one axis that holds zero; `signed_axis` when it matters on which side of it they lie."""
    ends = [end for each in estimates if each for end in (each.low, each.high, each.value)]
    least, most = min([0.0, *ends]), max([0.0, *ends])
    width = (most - least) or 1.0

    def place(value: float) -> float:
        return round(100 * (value - least) / width, 1)

    def strip(each: Estimate) -> Strip:
        side_of = side(each) if signed_axis else "plain"
        return Strip(
            place(each.low), round(place(each.high) - place(each.low), 1), place(each.value), place(0), side_of
        )

    return [strip(each) if each else None for each in estimates]


def side(estimate: Estimate) -> str:
    """On which side of zero the interval lies."""
    return "low" if estimate.high < 0 else "high" if estimate.low > 0 else "open"


def themes(report: Report) -> Data:
    """The impact chart, and every theme with its numbers and quotes."""
    if not report.themes:
        return None
    score = main_score(report.kpis)
    ranked = _ranked(report.themes)
    shown, more = first(ranked, LISTED)
    return {
        "score": score,
        "measured": any(theme.impact for theme in ranked),
        "chart": _chart(ranked, score),
        "themes": shown,
        "more": more,
        "strips": strips([theme.sentiment for theme in shown]),
    }


def _ranked(found: Sequence[Theme]) -> list[Theme]:
    """The heaviest drag first; what has no impact after the rest, in the order in which it came."""
    measured = [theme for theme in found if theme.impact]
    return [
        *sorted(measured, key=lambda theme: theme.impact.value if theme.impact else 0.0),
        *(theme for theme in found if not theme.impact),
    ]


def _chart(ranked: Sequence[Theme], score: Metric) -> tuple[str, str] | None:
    """Impact beside volume; tone beside volume where nothing is rated."""
    measured = [(theme, theme.impact) for theme in ranked if theme.impact]
    what, write = f"Effect on the {score.name}", score.change
    if not measured:
        toned = [(theme, theme.sentiment) for theme in ranked if theme.sentiment.n]
        measured = [*sorted(toned, key=lambda pair: pair[1].value)]
        what, write = "Net sentiment", signed
    if len(measured) < 2:
        return None
    # Imported here: drawing takes a second to load, and a report without charts does not need it.
    from millrace.view.charts.effects import Row, Words, effects

    half = CHARTED // 2
    kept = measured if len(measured) <= CHARTED else [*measured[:half], *measured[-half:]]
    rows = [
        Row(
            label=theme.label, value=each.value, low=each.low, high=each.high, shown=write(each.value),
            share=theme.share.value, share_shown=percent(theme.share.value),
        )
        for theme, each in kept
    ]  # fmt: skip
    said = (
        f"{what} by theme, with intervals, beside the share of records that mention it: {counted(len(kept), 'theme')}"
    )
    return effects(rows, Words(title=said, effect=what, share="Share of records", write=write), "themes")


def drivers(report: Report) -> Data:
    """What goes with the score, other things equal."""
    if not report.drivers:
        return None
    shown, more = first(report.drivers, DRIVERS)
    return {
        "score": main_score(report.kpis),
        "drivers": shown,
        "more": more,
        "strips": strips([each.effect for each in shown]),
        "explained": report.drivers_explained,
    }


def segments(report: Report) -> Data:
    """Segments against the rest: first those that stand apart, the lowest on top."""
    if not report.segments:
        return None
    ranked = sorted(
        report.segments,
        key=lambda each: (each.p_value >= DECIDED, each.difference.value, each.name, each.value),
    )
    strip_of = dict(zip(ranked, strips([each.difference for each in ranked]), strict=True))
    kinds = ([each for each in ranked if each.p_value < DECIDED], [each for each in ranked if each.p_value >= DECIDED])
    (apart, more_apart), (others, more_others) = (first(kind, SEGMENTS) for kind in kinds)
    return {
        "score": main_score(report.kpis),
        "apart": [(each, strip_of[each]) for each in apart],
        "others": [(each, _muted(strip_of[each])) for each in others],
        "more_apart": more_apart,
        "more_others": more_others,
        "tested": len(ranked),
    }


def _muted(strip: Strip | None) -> Strip | None:
    """What does not stand apart once the number of tests is counted has no side, whatever its own interval holds."""
    return replace(strip, side="open") if strip else None
