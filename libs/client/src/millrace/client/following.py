"""Stay with a run until it has ended, and show what it found."""

from pydantic import BaseModel
from typer import Exit

from millrace.client import screen, settings
from millrace.client.client import Client
from millrace.client.errors import WaitTimeout
from millrace.client.screen import Screen
from millrace.client.views.progress import progress
from millrace.client.views.report import report as report_view
from millrace.client.views.run import callback
from millrace.client.views.run import run as run_view
from millrace.contracts.api import RunView
from millrace.contracts.report import Report
from millrace.contracts.run import CallbackStatus

GRACE_S = 20.0
"""Seconds past a run's deadline before the wait is given up: the sweep of a lost run needs some."""
CALLBACK_S = 3.0
"""Seconds after the end for which the first delivery of the callback is waited for."""


def follow(
    client: Client, shown: Screen, run_id: str, answer: dict[str, BaseModel], timeout_s: float | None, attempt: int = 1
) -> tuple[RunView, Report | None]:
    """The run once this attempt has ended, with its report.

    `answer`: what the document tells before the run, also when the wait is cut short.
    """
    try:
        with progress(shown.err) as show_progress:
            limit = patience_s(client.run(run_id)) if timeout_s is None else timeout_s
            run = client.wait(run_id, limit, show_progress, attempt=attempt, live=True)
    except WaitTimeout as error:
        shown.document({**answer, "run": error.last, "report": None})
        shown.tell(f"The run goes on: millrace show {run_id}")
        raise
    except KeyboardInterrupt:
        shown.document({**answer, "run": None, "report": None})
        shown.tell(f"No longer waiting; the run goes on: millrace show {run_id}")
        raise Exit(screen.INTERRUPTED) from None
    run = _called_back(client, run)
    return run, report_of(client, run)


def patience_s(run: RunView) -> float:
    """Seconds that are enough for an attempt of this run: its budget and some more."""
    began = run.attempts[-1].began_at if run.attempts else run.accepted_at
    return GRACE_S + (run.deadline_at - began).total_seconds()


def _called_back(client: Client, run: RunView) -> RunView:
    """The run with its callback delivered or tried in vain, if that happens soon."""
    if run.callback is None:
        return run
    try:
        return client.wait(run.run_id, CALLBACK_S, done=_tried)
    except WaitTimeout as error:
        return error.last or run


def _tried(run: RunView) -> bool:
    return run.callback is None or run.callback.status is not CallbackStatus.PENDING or run.callback.deliveries > 0


def report_of(client: Client, run: RunView) -> Report | None:
    """The run's report, if it has one."""
    return client.report(run.run_id) if "report" in run.links else None


def result(client: Client, shown: Screen, used: settings.Settings, run: RunView, report: Report | None) -> None:
    """Show the run, its report and its callback."""
    shown.show("")
    shown.show(run_view(run))
    if report is not None:
        shown.show(report_view(report))
    if run.status.terminal:
        shown.show(callback(run))
    if report is not None:
        shown.say(f"Report: {client.base_url}{run.links['report']}")
        _keep(shown, used, report)


def _keep(shown: Screen, used: settings.Settings, report: Report) -> None:
    if used.report_dir is None:
        return
    path = used.report_dir / f"{report.run_id}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(report.model_dump_json(indent=2))
    except OSError as error:
        shown.tell(f"The report could not be kept in {path}: {error.strerror}")
        return
    shown.say(f"Kept in {path}")
