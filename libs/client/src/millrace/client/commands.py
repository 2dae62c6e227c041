"""What the commands of the command line do."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from typer import Exit

from millrace.client import screen, settings
from millrace.client.client import Client
from millrace.client.errors import UploadBroken
from millrace.client.following import follow, report_of, result
from millrace.client.session import session
from millrace.client.views.accepted import accepted
from millrace.client.views.listings import flows as flows_view
from millrace.client.views.listings import runs as runs_view
from millrace.client.views.report import report as report_view
from millrace.client.views.sending import sending
from millrace.client.waiting import ENDED_BADLY
from millrace.contracts.api import Accepted, FlowList
from millrace.contracts.ids import ulid
from millrace.contracts.run import RunStatus


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
    upload_id: str | None = None
    """An upload of the file that broke off, to go on with."""


def submit(
    wanted: Submission, *, wait: bool, timeout_s: float | None, as_json: bool, given: settings.Settings | None = None
) -> Accepted:
    """Submit a file and, with `wait`, stay until its run has ended; Exit with code 1 when that failed.

    `given`: the API to ask, in place of the one that the environment names.
    """
    with session(as_json, given) as (client, shown, used):
        answer = _submit(client, shown, wanted, used)
        shown.show(accepted(answer))
        if not wait:
            shown.document(answer)
            return answer
        run, report = follow(client, shown, answer.run_id, {"accepted": answer}, timeout_s)
        shown.document({"accepted": answer, "run": run, "report": report})
        result(client, shown, used, run, report)
    if run.status in ENDED_BADLY:
        raise Exit(screen.ENDED_BADLY)
    return answer


def _submit(client: Client, shown: screen.Screen, wanted: Submission, used: settings.Settings) -> Accepted:
    try:
        with sending(shown.err) as show_progress:
            return client.submit_file(
                wanted.file, flow=wanted.flow, callback_url=wanted.callback_url or used.callback_url,
                mapping=wanted.mapping, scale=wanted.scale, metadata=wanted.metadata, deadline_s=wanted.deadline_s,
                idempotency_key=f"cli_{ulid()}", upload_id=wanted.upload_id, on_progress=show_progress,
            )  # fmt: skip
    except UploadBroken as error:
        shown.tell(f"What has arrived stays for a day: go on with --resume {error.upload_id}")
        raise


def show(run_id: str, *, as_json: bool, wait: bool = False, timeout_s: float | None = None) -> None:
    """One run, with its report when there is one; with `wait`, once it has ended."""
    with session(as_json) as (client, shown, used):
        if wait:
            run, report = follow(client, shown, run_id, {}, timeout_s)
        else:
            run = client.run(run_id)
            report = report_of(client, run)
        shown.document({"run": run, "report": report})
        result(client, shown, used, run, report)


def report(run_id: str, attempt: int | None, out: Path | None, *, as_json: bool) -> None:
    """A run's report, in words or as a page in a file."""
    with session(as_json) as (client, shown, _):
        if out is not None:
            out.write_text(client.page(run_id, attempt), encoding="utf-8")
            shown.tell(f"The page is in {out}")
            return
        found = client.report(run_id, attempt)
        shown.document(found)
        shown.show(report_view(found))


def runs(
    status: str | None, limit: int, *, as_json: bool, flow: str | None = None, since: datetime | None = None,
    until: datetime | None = None,
) -> None:  # fmt: skip
    """The newest runs."""
    with session(as_json) as (client, shown, _):
        page = client.runs(RunStatus(status) if status else None, limit, flow=flow, since=since, until=until)
        shown.document(page)
        shown.show(runs_view(page))


def flows(*, as_json: bool) -> None:
    """The flows that a run may follow."""
    with session(as_json) as (client, shown, _):
        found = client.flows()
        shown.document(FlowList(flows=found))
        shown.show(flows_view(found))
