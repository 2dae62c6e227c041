"""The numbers at a glance, and how the ratings are spread."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from millrace.contracts.insights import Estimate, Score
from millrace.contracts.records import Scale
from millrace.contracts.report import Report
from millrace.view.formats import DASH, count, counted, duration, interval, number, percent, signed
from millrace.view.metrics import ANSWERS, of_scale
from millrace.view.sections import Data


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One number."""

    label: str
    value: str
    bound: str = ""
    """What it is out of."""
    interval: str = ""
    n: str


def tiles(report: Report) -> Data:
    """Every score, then tone, speed and repetition."""
    found = [*_scores(report), *_tone(report), *_speed(report), *_customers(report)]
    return {"tiles": found} if found else None


def spread(report: Report) -> Data:
    """How often each value of each scale was given."""
    scores = report.kpis.scores if report.kpis else ()
    shown = [
        {
            "title": ANSWERS.get(score.kind) or of_scale(score.kind).title,
            "n": score.mean.n,
            "highest": max((bucket.share.value for bucket in score.distribution), default=0) or 1,
            "buckets": [
                (_bucket(score.kind, bucket.value), _side(score.kind, bucket.value), bucket)
                for bucket in score.distribution
            ],
        }
        for score in scores
        if score.distribution
    ]
    return {"scores": shown} if shown else None


def _bucket(kind: str, value: float) -> str:
    if kind == Scale.BINARY:
        return "Yes" if value else "No"
    if kind == Scale.PERCENT:
        return f"{value:.0f}{DASH}{value + 10 if value == 90 else value + 9:.0f}"
    return number(value, 0 if value == int(value) else 1)


def _side(kind: str, value: float) -> str:
    """Detractors and promoters of the NPS scale (Reichheld 2003)."""
    if kind != Scale.NPS:
        return ""
    return "low" if value <= 6 else "high" if value >= 9 else ""


def _tile(label: str, given: Estimate, write: Callable[[float], str], what: str, bound: str = "") -> Tile:
    shown = interval(given, write) if given.low != given.high or given.n > 1 else ""
    return Tile(label=label, value=write(given.value), bound=bound, interval=shown, n=counted(given.n, what))


def _scores(report: Report) -> Iterable[Tile]:
    for score in report.kpis.scores if report.kpis else ():
        yield from _score(score)


def _score(score: Score) -> Iterable[Tile]:
    scale = of_scale(score.kind)
    if score.nps:
        yield _tile("NPS", score.nps, lambda value: signed(value, 0), "answer")
    else:
        yield _tile(scale.title, score.mean, scale.value, "rating", scale.bound)
    if score.satisfied:
        yield _tile("Gave one of the two best answers", score.satisfied, percent, "rating")


def _tone(report: Report) -> Iterable[Tile]:
    if report.sentiment and report.sentiment.n:
        yield _tile("Net sentiment", report.sentiment, signed, "sentence")
    if report.duplicate_share and report.duplicate_share.n:
        yield _tile("Repeat an earlier record", report.duplicate_share, percent, "record")


def _speed(report: Report) -> Iterable[Tile]:
    levels, kpis = report.service_levels, report.kpis
    reply = (levels.first_reply_s.get("p50") if levels else None) or (kpis.first_reply_s if kpis else None)
    solved = (levels.resolution_s.get("p50") if levels else None) or (kpis.resolution_s if kpis else None)
    if reply:
        yield _tile("Median time to first reply", reply, duration, "ticket")
    if solved:
        yield _tile("Median time to resolution", solved, duration, "ticket")


def _customers(report: Report) -> Iterable[Tile]:
    kpis, risks = report.kpis, report.risks
    if kpis and kpis.contacts_per_customer:
        yield _tile("Conversations per customer", kpis.contacts_per_customer, number, "customer")
    if risks and risks.customers:
        yield Tile(label="Customers at high risk", value=count(risks.high), n=f"{counted(risks.customers, 'customer')}")
