"""A report: findings, scores, themes, segments, topics and quotes, each with its n and its interval."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from millrace.client.views.kpis import kpis
from millrace.client.views.tables import line, numbered, table, titled
from millrace.client.views.words import NONE, change, count, interval, level, percent, plain, points, score
from millrace.contracts.insights import Contacts, Quote, SegmentScore, SetAsideRecords, Theme, Topic
from millrace.contracts.report import Finding, Report

MAX_ROWS = 15
"""Themes, segments and topics that are shown; the report has all."""
MAX_QUOTES = 5
SIGNIFICANT = 0.05
"""A segment differs when its p value, adjusted over all segments, lies below this (5 % false discoveries)."""


def report(found: Report) -> Group:
    """What the run found, most telling first."""
    return Group(*_parts(found))


def _parts(found: Report) -> Iterator[RenderableType]:
    if found.headline:
        yield numbered("Findings", map(_finding, found.headline))
    if found.alerts:
        yield numbered("Act today", (line(alert.text) for alert in found.alerts), "!")
    yield from kpis(found)
    yield from _insights(found)
    if found.set_aside:
        yield numbered("Set aside: each of these records killed what worked on it", map(_aside, found.set_aside), "-")
    if found.notes:
        yield numbered("Notes", map(line, found.notes), "-")
    more = _more(found)
    if more:
        yield line(f"The report also holds {more}.")


def _insights(found: Report) -> Iterator[RenderableType]:
    if found.themes:
        yield _themes(found.themes)
    if found.contacts and found.contacts.reasons:
        yield _contacts(found.contacts)
    if found.segments:
        yield from _segments(found.segments)
    if found.topics:
        yield _topics(found.topics)
    quotes = found.summary or tuple(theme.quotes[0] for theme in found.themes if theme.quotes)
    if quotes:
        yield numbered("In their own words", map(_quote, quotes[:MAX_QUOTES]), "-")


def _aside(found: SetAsideRecords) -> Text:
    shown = ", ".join(map(plain, found.records[:MAX_ROWS])) or "unnamed"
    more = f" and {len(found.records) - MAX_ROWS} more" if len(found.records) > MAX_ROWS else ""
    return line(f"{found.step}: {shown}{more}")


def _finding(found: Finding) -> Text:
    basis = f"n = {found.n:,}"
    if found.estimate is not None:
        basis += f", {interval(found.estimate)} ({level(found.estimate)})"
    return line(f"{found.text} ", Text(f"[{basis}]", "dim"))


def _themes(themes: tuple[Theme, ...]) -> RenderableType:
    title = "Themes: impact is what they do to the mean score" + _shown(len(themes))
    columns = ("Theme", ">Records", ">Share", ">Net sentiment", ">Impact", f">{level(themes[0].share)}")
    rows = (
        (
            theme.label, f"{theme.records:,}", percent(theme.share.value), points(theme.sentiment.value * 100),
            change(theme.impact.value) if theme.impact else NONE,
            interval(theme.impact, "+.2f") if theme.impact else NONE,
        )
        for theme in themes[:MAX_ROWS]
    )  # fmt: skip
    return table(title, columns, rows)


def _contacts(contacts: Contacts) -> RenderableType:
    title = "What customers get in touch about" + _shown(len(contacts.reasons))
    columns = ("Reason", ">Conversations", ">Share", f">{level(contacts.reasons[0].share)}", ">Net sentiment")
    rows = (
        (
            reason.label, f"{reason.conversations:,}", percent(reason.share.value),
            f"{interval(reason.share, '.0f', 100)} %",
            points(reason.sentiment.value * 100) if reason.sentiment else NONE,
        )
        for reason in contacts.reasons[:MAX_ROWS]
    )  # fmt: skip
    return table(title, columns, rows)


def _segments(segments: tuple[SegmentScore, ...]) -> Iterator[RenderableType]:
    found = [segment for segment in segments if segment.p_value < SIGNIFICANT]
    if not found:
        yield titled("Segments", [line(f" None of {count(len(segments), 'segment')} differs beyond chance.")])
        return
    title = f"Segments that differ: {len(found)} of {len(segments)}" + _shown(len(found))
    columns = ("Segment", ">Records", ">Mean", ">To the rest", f">{level(found[0].difference)}", ">p")
    rows = (
        (
            f"{segment.name}: {segment.value}", f"{segment.mean.n:,}", score(segment.mean.value),
            change(segment.difference.value), interval(segment.difference, "+.2f"), _p(segment.p_value),
        )
        for segment in found[:MAX_ROWS]
    )  # fmt: skip
    yield table(title, columns, rows)


def _topics(topics: tuple[Topic, ...]) -> RenderableType:
    rows = (
        (
            topic.label, ", ".join(topic.terms), f"{topic.units:,}", percent(topic.share),
            points(topic.sentiment * 100),
        )
        for topic in topics[:MAX_ROWS]
    )  # fmt: skip
    title = "Topics beyond the known themes" + _shown(len(topics))
    return table(title, ("Topic", "Terms", ">Sentences", ">Share", ">Net sentiment"), rows)


def _quote(found: Quote) -> Text:
    rating = f", rated {found.rating:g}" if found.rating is not None else ""
    return line(f'"{found.text}" ', Text(f"({plain(found.record_id)}{rating})", "dim"))


def _more(found: Report) -> str:
    held = (
        (len(found.drivers), "driver", "drivers"), (len(found.trends), "trend", "trends"),
        (len(found.phrases), "key phrase", "key phrases"), (len(found.change_points), "change", "changes"),
        (len(found.forecasts), "forecast", "forecasts"),
        (len(found.risks.risks) if found.risks else 0, "customer at risk", "customers at risk"),
    )  # fmt: skip
    return ", ".join(count(number, one, many) for number, one, many in held if number)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _shown(total: int) -> str:
    return f" (the first {MAX_ROWS} of {total})" if total > MAX_ROWS else ""
