"""What changes: trends with their level shifts and odd days, forecasts, what is rising."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import Any

from millrace.contracts.insights import Anomaly, ChangePoint, Estimate, Forecast, Trend
from millrace.contracts.report import Report
from millrace.view.formats import GAP, counted, date, first, interval, p_value, percent, period, signed, telling, tick
from millrace.view.metrics import Metric, metric
from millrace.view.sections import Data
from millrace.view.words import FORECASTS

LEAST = 3
"""Fewer points are a table, not a line."""
BEHIND = 56
"""Periods of the past that a forecast is shown with."""
CHANGES = 8
EMERGING = 10

_PERIOD = {"day": timedelta(days=1), "week": timedelta(weeks=1)}


def trends(report: Report) -> Data:
    """A panel for each metric with enough points."""
    panels = [
        _panel(trend, report, f"trend-{place}")
        for place, trend in enumerate(report.trends, start=1)
        if len(trend.points) >= LEAST
    ]
    short = [
        f"{_of_trend(each, report).title}: {_told(each, report)}"
        for each in report.trends
        if 0 < len(each.points) < LEAST
    ]
    return {"panels": panels, "short": short} if panels or short else None


def _panel(trend: Trend, report: Report, name: str) -> dict[str, Any]:
    """A chart with its title, what it says in words, and its numbers."""
    from millrace.view.charts.series import Level, Series, series

    about = _of_trend(trend, report)
    points = [(point.at, point.value) for point in trend.points]
    breaks = sorted(
        (each for each in report.change_points if each.metric == trend.metric), key=lambda change: change.at
    )
    days = {each.at for each in report.anomalies if each.metric == trend.metric}
    odd = [(at, value) for at, value in points if at in days]
    levels = [
        Level(begin=begin, end=end, value=value)
        for begin, end, value in (_levels(trend, breaks) if _same(trend.metric, report) else ())
    ]
    drawn = Series(
        title=f"{about.title} by {trend.period}, {period(points[0][0], points[-1][0])}", points=points,
        write=_axis(about), tick=tick, line=None if levels else _line(trend), levels=levels,
        breaks=[each.at for each in breaks], marks=odd,
        from_zero=about.kind == "count",
    )  # fmt: skip
    return {
        "title": f"{about.title} by {trend.period}", "says": _direction(trend, about), "chart": series(drawn, name),
        "metric": about, "points": trend.points, "n": sum(point.n for point in trend.points), "breaks": len(breaks),
        "levels": bool(levels),
        "odd": len(odd), "line": drawn.line is not None,
    }  # fmt: skip


def _same(name: str, report: Report) -> bool:
    """Whether trends, changes and forecasts of a metric count the same records: trends know rated ones only."""
    return name != "volume" or (report.kpis is not None and report.kpis.rated == report.records)


def _of_trend(trend: Trend, report: Report) -> Metric:
    about = metric(trend.metric)
    return about if _same(trend.metric, report) else replace(about, name="number of rated records")


def _axis(about: Metric) -> Any:
    return lambda value: about.value(value).removeprefix("+") if about.kind != "tone" else about.value(value)


def _levels(trend: Trend, breaks: Sequence[ChangePoint]) -> Iterable[tuple[Any, Any, float]]:
    """The level before the first change, and the one after each."""
    if not breaks:
        return
    last = trend.points[-1].at
    yield trend.points[0].at, breaks[0].at, breaks[0].before.value
    for this, following in zip(breaks, [*[each.at for each in breaks[1:]], last], strict=True):
        yield this.at, following, this.after.value


def _line(trend: Trend) -> Any:
    """The robust line's two ends: its slope, through the median of what the slope leaves over (Theil-Sen)."""
    if trend.slope is None or trend.direction not in ("up", "down"):
        return None
    begin, unit = trend.points[0].at, _PERIOD.get(trend.period, _PERIOD["day"])
    places = [(point.at - begin) / unit for point in trend.points]
    slope = trend.slope.value
    level = median(point.value - slope * place for point, place in zip(trend.points, places, strict=True))
    return (begin, level), (trend.points[-1].at, level + slope * places[-1])


def _direction(trend: Trend, about: Metric) -> str:
    if trend.slope is None:
        return "Too few periods to tell a trend."
    said = {"up": "Rising", "down": "Falling", "flat": "Level", "unclear": "No clear trend"}.get(trend.direction, "")
    told = f"{_slope(about, trend.slope)} a {trend.period}"
    p_told = f", {p_value(trend.p_value)}" if trend.p_value is not None else ""
    return f"{said}: {told}{p_told}."


def _slope(about: Metric, slope: Estimate) -> str:
    """A change per period may be far smaller than a value: it has the decimals that it needs."""
    factor, unit = (100, f"{GAP}points") if about.kind == "share" else (1, "")
    digits = telling(factor * max(abs(slope.low), abs(slope.high)))
    value, low, high = (signed(factor * each, digits) for each in (slope.value, slope.low, slope.high))
    return f"{value}{unit} ({low} to {high})"


def _told(trend: Trend, report: Report) -> str:
    about = _of_trend(trend, report)
    return ", ".join(f"{about.value(point.value)} on {date(point.at)} (n={point.n})" for point in trend.points)


def changes(report: Report) -> Data:
    """Level shifts and odd days in words, the latest first."""
    if not report.change_points and not report.anomalies:
        return None
    shifts: Sequence[ChangePoint] = sorted(report.change_points, key=lambda each: (each.at, each.metric), reverse=True)
    odd: Sequence[Anomaly] = sorted(report.anomalies, key=lambda each: (-abs(each.score), each.at, each.metric))
    shifts, more_shifts = first(shifts, CHANGES)
    odd, more_odd = first(odd, CHANGES)
    return {
        "shifts": [_shift(each) for each in shifts], "more_shifts": more_shifts,
        "odd": [_odd(each) for each in odd], "more_odd": more_odd,
    }  # fmt: skip


def _shift(change: ChangePoint) -> dict[str, Any]:
    about = metric(change.metric, change.label)
    side = "rose" if change.difference.value > 0 else "fell"
    text = (
        f"{about.title} {side} from {about.value(change.before.value)} ({interval(change.before, about.value)}, "
        f"n={change.before.n:,}) to {about.value(change.after.value)} ({interval(change.after, about.value)}, "
        f"n={change.after.n:,})"
    )
    how = f"{about.change(change.difference.value)} ({interval(change.difference, about.change)})"
    return {"at": change.at, "text": text, "how": f"{how}, adjusted {p_value(change.p_value)}", "of": change}


def _odd(anomaly: Anomaly) -> dict[str, Any]:
    about = metric(anomaly.metric, anomaly.label)
    side = "high" if anomaly.value > anomaly.expected else "low"
    text = (
        f"{about.title} was unusually {side}: {about.value(anomaly.value)}, expected about "
        f"{about.value(anomaly.expected)}"
    )
    return {"at": anomaly.at, "text": text, "how": f"{abs(anomaly.score):.1f} robust deviations off", "of": anomaly}


def forecasts(report: Report) -> Data:
    """A panel for each forecast, with how well its method did on the past."""
    panels = [
        _ahead(each, report, f"forecast-{place}") for place, each in enumerate(report.forecasts, start=1) if each.points
    ]
    return {"panels": panels} if panels else None


def _ahead(forecast: Forecast, report: Report, name: str) -> dict[str, Any]:
    from millrace.view.charts.series import Band, Series, series

    about = metric(forecast.metric)
    past = next(
        (
            each.points
            for each in report.trends
            if (each.metric, each.period) == (forecast.metric, forecast.period) and _same(each.metric, report)
        ),
        (),
    )
    drawn = Series(
        title=f"{about.title} by {forecast.period}: what was, and the {percent(forecast.level)} band of what to expect",
        points=[(point.at, point.value) for point in past[-BEHIND:] if point.at < forecast.points[0].at],
        write=_axis(about), tick=tick, from_zero=about.kind == "count",
        ahead=[Band(at=each.at, value=each.value, low=each.low, high=each.high) for each in forecast.points],
    )  # fmt: skip
    return {
        "title": f"{about.title}, the next {counted(len(forecast.points), forecast.period)}", "metric": about,
        "chart": series(drawn, name), "past": bool(drawn.points), "forecast": forecast,
        "tested": _tested(forecast, about), "method": FORECASTS.get(forecast.method.lower(), forecast.method),
    }  # fmt: skip


def _tested(forecast: Forecast, about: Metric) -> str:
    """The back-test in words."""
    error, naive = forecast.error, forecast.naive_error
    unit = (lambda value: about.change(value).lstrip("+")) if about.kind == "share" else about.value
    off = f"Tried on {counted(forecast.tested, 'past value')}, it was off by {unit(error).removeprefix('+')} on average"
    if forecast.method == "seasonal-naive" or not naive:
        against = "; nothing did better than repeating the week before"
    else:
        better = 1 - error / naive
        against = f", {percent(abs(better))} {'less' if better >= 0 else 'more'} than repeating the week before"
    return f"{off}{against}; {percent(forecast.covered)} of the values fell into the {percent(forecast.level)} band."


def emerging(report: Report) -> Data:
    """What is mentioned more than before."""
    if not report.emerging:
        return None
    shown, more = first(report.emerging, EMERGING)
    return {"emerging": shown, "more": more}
