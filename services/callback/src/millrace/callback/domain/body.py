"""The callback's body: thin, so that the consumer can decide whether to fetch the report."""

from typing import Final

from millrace.contracts.report import CallbackBody, CallbackData, CallbackTheme, Report, callback_type
from millrace.contracts.run import RunRecord

AMENDED: Final = "insight.amended"
"""Whatever a later attempt ended as: its status is in the data."""
TOP_THEMES = 5
MAX_BYTES = 20_000
"""Standard Webhooks 1.0.0 advises a body under 20 kB."""


def build(record: RunRecord, report: Report | None, api_url: str) -> CallbackBody:
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
        data = data.model_copy(update=_findings(record, report, api_url))
    amended = record.attempt > 1
    return CallbackBody(type=AMENDED if amended else callback_type(record.status), timestamp=ended, data=data)


def _findings(record: RunRecord, report: Report, api_url: str) -> dict[str, object]:
    return {
        "coverage": {step: round(coverage.share, 4) for step, coverage in report.coverage.items()},
        "headline": tuple(finding.text for finding in report.headline),
        "scores": {score.kind: score.mean.value for score in report.kpis.scores} if report.kpis else {},
        "top_themes": tuple(
            CallbackTheme(
                id=theme.id, label=theme.label, records=theme.records,
                impact=theme.impact.value if theme.impact else None,
            )
            for theme in report.themes[:TOP_THEMES]
        ),
        "report_url": f"{api_url.rstrip('/')}/v1/runs/{record.run_id}/report?attempt={record.attempt}",
        "report_sha256": record.report.sha256 if record.report else None,
    }  # fmt: skip
