"""The callback's body: thin, so that the consumer can decide whether to fetch the report."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from millrace.contracts.report import CallbackBody, CallbackData, CallbackTheme, Report, callback_type
from millrace.contracts.run import RunRecord

AMENDED: Final = "insight.amended"
"""Whatever a later attempt ended as: its status is in the data."""
TOP_THEMES = 5
LINK_LIFE = timedelta(days=7)
"""For how long the report's link opens without a key, counted from the run's end."""
Link = Callable[[RunRecord, datetime], str]
"""Makes the address of a run's report that opens without a key until a time."""
MAX_BYTES = 20_000
"""Standard Webhooks 1.0.0 advises a body under 20 kB."""
_LONGEST = 200
"""Characters of a text or label in a body that would be too large."""
_SPARE = ("coverage", "timings", "scores", "top_themes", "alerts", "headline", "metadata", "gaps")
"""What such a body does without, in this order: the report and the run's view tell all of it."""


def build(record: RunRecord, report: Report | None, link: Link) -> CallbackBody:
    """The body for an ended run. The same record and report give the same bytes: retries repeat them.

    A redrive's is an amendment: it tells of that attempt, and its seconds count from when that began.
    """
    ended = record.ended_at
    if ended is None:
        raise ValueError(f"{record.run_id} has not ended")
    data = CallbackData(
        run_id=record.run_id, tenant=record.tenant, status=record.status, attempt=record.attempt,
        records=record.records, reason=record.reason, metadata=record.metadata, gaps=record.gaps,
        accepted_at=record.accepted_at, ended_at=ended, seconds=(ended - record.since).total_seconds(),
    )  # fmt: skip
    if report is not None:
        expires_at = ended + LINK_LIFE
        where = {"report_url": link(record, expires_at), "report_expires_at": expires_at}
        data = data.model_copy(update=_findings(record, report) | where)
    amended = record.attempt > 1
    return _fitted(CallbackBody(type=AMENDED if amended else callback_type(record.status), timestamp=ended, data=data))


def _fitted(body: CallbackBody) -> CallbackBody:
    """The body within its bounds, whatever the labels and the producer's metadata: shortened, then without parts."""
    if _fits(body):
        return body
    data = _shortened(body.data)
    for name in _SPARE:
        if _fits(body.model_copy(update={"data": data})):
            break
        if getattr(data, name):
            left_out = (*data.left_out, name)
            data = data.model_copy(update={name: type(getattr(data, name))(), "left_out": left_out})
    return body.model_copy(update={"data": data})


def _fits(body: CallbackBody) -> bool:
    return len(body.model_dump_json().encode()) < MAX_BYTES


def _shortened(data: CallbackData) -> CallbackData:
    themes = (each.model_copy(update={"label": _cut(each.label)}) for each in data.top_themes)
    alerts = (each.model_copy(update={"text": _cut(each.text), "metric": _cut(each.metric)}) for each in data.alerts)
    return data.model_copy(
        update={"headline": tuple(map(_cut, data.headline)), "alerts": tuple(alerts), "top_themes": tuple(themes)}
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _findings(record: RunRecord, report: Report) -> dict[str, object]:
    return {
        "coverage": {step: round(coverage.share, 4) for step, coverage in report.coverage.items()},
        "headline": tuple(finding.text for finding in report.headline),
        "alerts": report.alerts,
        "kpis": _digest(report),
        "timings": _by_stage(report),
        "cost_usd": report.cost.usd if report.cost else None,
        "scores": {score.kind: score.mean.value for score in report.kpis.scores} if report.kpis else {},
        "top_themes": tuple(
            CallbackTheme(
                id=theme.id, label=theme.label, records=theme.records,
                impact=theme.impact.value if theme.impact else None,
            )
            for theme in report.themes[:TOP_THEMES]
        ),
        "report_sha256": record.report.sha256 if record.report else None,
    }  # fmt: skip


def _digest(report: Report) -> dict[str, float]:
    """The scores that a dashboard shows."""
    digest = {"net_sentiment": report.sentiment.value} if report.sentiment else {}
    for score in report.kpis.scores if report.kpis else ():
        if score.nps is not None:
            digest["nps"] = score.nps.value
        if score.satisfied is not None:
            digest[f"{score.kind}_satisfied"] = score.satisfied.value
    return digest


def _by_stage(report: Report) -> dict[str, float]:
    """Seconds of the longest step of each stage."""
    longest: dict[str, float] = {}
    for step in report.lineage.steps:
        longest[step.stage] = max(longest.get(step.stage, 0.0), step.seconds)
    return longest
