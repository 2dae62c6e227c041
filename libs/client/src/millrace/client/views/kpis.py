"""The scores of a report: means with their intervals, and the share of each rating."""

from collections.abc import Iterator

from rich.console import RenderableType

from millrace.client.views.tables import table
from millrace.client.views.words import count, duration, interval, level, percent, points, scale, score
from millrace.contracts.insights import Estimate, Kpis, Score
from millrace.contracts.report import Report

MAX_BUCKETS = 11
"""Values of a scale that are listed one by one, as many as NPS has; a finer scale shows its mean only."""
BAR = 20
"""Characters of a share of 100 %."""


def kpis(report: Report) -> Iterator[RenderableType]:
    """Mean, interval and n of every scale, then who gave what."""
    found = report.kpis
    rows = list(_rows(found, report.sentiment))
    if rows:
        yield table(f"Scores{_rated(found)}", ("Score", ">Mean", f">{level(rows[0][1])}", ">n"), map(_cells, rows))
    for each in found.scores if found else ():
        if 0 < len(each.distribution) <= MAX_BUCKETS:
            yield _distribution(each)


Row = tuple[str, Estimate, str]
"""What it is, the estimate, and its kind of number."""


def _rows(found: Kpis | None, sentiment: Estimate | None) -> Iterator[Row]:
    for each in found.scores if found else ():
        yield scale(each.kind), each.mean, "score"
        if each.nps is not None:
            yield "net promoter score", each.nps, "points"
    if sentiment is not None:
        yield "net sentiment", sentiment, "share"
    if found and found.first_reply_s is not None:
        yield "first reply, median", found.first_reply_s, "time"
    if found and found.resolution_s is not None:
        yield "resolution, median", found.resolution_s, "time"


def _cells(row: Row) -> tuple[str, ...]:
    name, value, kind = row
    if kind == "time":
        shown, between = duration(value.value), f"{duration(value.low)} to {duration(value.high)}"
    elif kind == "score":
        shown, between = score(value.value), interval(value)
    else:
        factor = 100 if kind == "share" else 1
        shown, between = points(value.value * factor), interval(value, "+.0f", factor)
    return name, shown, between, f"{value.n:,}"


def _rated(found: Kpis | None) -> str:
    if found is None:
        return ""
    span = f", {found.first_at:%Y-%m-%d} to {found.last_at:%Y-%m-%d}" if found.first_at and found.last_at else ""
    return f" of {count(found.records, 'record')}, {found.rated:,} rated{span}"


def _distribution(found: Score) -> RenderableType:
    rows = (
        (
            f"{bucket.value:g}", f"{bucket.count:,}", percent(bucket.share.value), interval(bucket.share, ".0f", 100),
            "#" * round(bucket.share.value * BAR),
        )
        for bucket in found.distribution
    )  # fmt: skip
    columns = (">Rating", ">Records", ">Share", f">{level(found.distribution[0].share)}", "")
    return table(f"Ratings on {scale(found.kind)}", columns, rows)
