"""What the commands of the command line do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from typer import Exit

from millrace.client import screen, settings
from millrace.client.client import Client
from millrace.client.errors import WaitTimeout
from millrace.client.screen import Screen
from millrace.client.views.accepted import accepted
from millrace.client.views.listings import flows as flows_view
from millrace.client.views.listings import runs as runs_view
from millrace.client.views.progress import progress
from millrace.client.views.report import report as report_view
from millrace.client.views.run import callback
from millrace.client.views.run import run as run_view
from millrace.contracts.api import Accepted, FlowList, RunView
from millrace.contracts.ids import ulid
from millrace.contracts.report import Report
from millrace.contracts.run import CallbackStatus, RunStatus

GRACE_S = 20.0
"""Seconds past a run's deadline before the wait is given up: the sweep of a lost run needs some."""
CALLBACK_S = 3.0
"""Seconds after the end for which the first delivery of the callback is waited for."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What `millrace submit` was asked for."""

    file: Path
    flow: str
    callback_url: str | None
    mapping: dict[str, str]
    metadata: dict[str, str]
    deadline_s: float | None
    scale: str | None = None


def submit(
    wanted: Submission, *, wait: bool, timeout_s: float | None, as_json: bool, given: settings.Settings | None = None
) -> Accepted:
    """Submit a file and, with `wait`, stay until its run has ended; Exit with code 1 when that failed.

    `given`: the API to ask, in place of the one that the environment names.
    """
    with _session(as_json, given) as (client, shown, used):
        answer = client.submit_file(
            wanted.file, flow=wanted.flow, callback_url=wanted.callback_url or used.callback_url,
            mapping=wanted.mapping, scale=wanted.scale, metadata=wanted.metadata, deadline_s=wanted.deadline_s,
            idempotency_key=f"cli_{ulid()}",
        )  # fmt: skip
        shown.show(accepted(answer))
        if not wait:
            shown.document(answer)
            return answer
        run, report = _follow(client, shown, answer, timeout_s)
        shown.document({"accepted": answer, "run": run, "report": report})
        _result(client, shown, used, run, report)
    if run.status in (RunStatus.FAILED, RunStatus.CANCELLED):
        raise Exit(screen.ENDED_BADLY)
    return answer


def show(run_id: str, *, as_json: bool) -> None:
    """One run, with its report when there is one."""
    with _session(as_json) as (client, shown, used):
        run = client.run(run_id)
        report = _report(client, run)
        shown.document({"run": run, "report": report})
        _result(client, shown, used, run, report)


def runs(status: str | None, limit: int, *, as_json: bool) -> None:
    """The newest runs."""
    with _session(as_json) as (client, shown, _):
        page = client.runs(RunStatus(status) if status else None, limit)
        shown.document(page)
        shown.show(runs_view(page))


def flows(*, as_json: bool) -> None:
    """The flows that a run may follow."""
    with _session(as_json) as (client, shown, _):
        found = client.flows()
        shown.document(FlowList(flows=found))
        shown.show(flows_view(found))


@contextmanager
def _session(
    as_json: bool, given: settings.Settings | None = None
) -> Iterator[tuple[Client, Screen, settings.Settings]]:
    shown = Screen(as_json=as_json)
    with shown.errors():
        used = given or settings.read()
    with shown.errors(f"{used.api_url} ({used.source})"), Client(used.api_url, used.api_key) as client:
        yield client, shown, used


def _follow(client: Client, shown: Screen, answer: Accepted, timeout_s: float | None) -> tuple[RunView, Report | None]:
    """The run once it has ended, with its report."""
    run_id = answer.run_id
    try:
        with progress(shown.err) as show_progress:
            limit = GRACE_S + _budget_s(client.run(run_id)) if timeout_s is None else timeout_s
            run = client.wait(run_id, limit, show_progress)
    except WaitTimeout as error:
        shown.document({"accepted": answer, "run": error.last, "report": None})
        shown.tell(f"The run goes on: millrace show {run_id}")
        raise
    except KeyboardInterrupt:
        shown.document({"accepted": answer, "run": None, "report": None})
        shown.tell(f"No longer waiting; the run goes on: millrace show {run_id}")
        raise Exit(screen.INTERRUPTED) from None
    run = _called_back(client, run)
    return run, _report(client, run)


def _budget_s(run: RunView) -> float:
    return (run.deadline_at - run.accepted_at).total_seconds()


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


def _report(client: Client, run: RunView) -> Report | None:
    return client.report(run.run_id) if "report" in run.links else None


def _result(client: Client, shown: Screen, used: settings.Settings, run: RunView, report: Report | None) -> None:
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
