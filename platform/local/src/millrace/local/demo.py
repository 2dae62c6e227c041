"""What `millrace demo` shows: the journey of one batch, as a newcomer would want to see it."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.json import JSON
from rich.rule import Rule

from millrace.client.client import Client
from millrace.client.commands import Submission, submit
from millrace.client.settings import Settings
from millrace.contracts.api import RunView
from millrace.contracts.run import RunStatus


def show(console: Console, folder: Path, file: Path) -> int:
    """Submit the file, follow it, and show the callback as its consumer received it. 0 when it arrived in time."""
    state = json.loads((folder / "stack.json").read_text())
    console.print(Rule(f"1  Submit {file.name}"))
    wanted = Submission(
        file=file, flow="customer-feedback", callback_url=state["callback_url"], mapping={}, metadata={"demo": "yes"},
        deadline_s=None,
    )  # fmt: skip
    reports = Path(state["report_dir"])
    given = Settings(api_url=state["api_url"], api_key=state["api_key"], report_dir=reports, source="the local stack")
    accepted = submit(wanted, wait=True, timeout_s=None, as_json=False, given=given)
    with Client(state["api_url"], state["api_key"]) as client:
        run = client.run(accepted.run_id)
        page = reports / f"{run.run_id}.html"
        if "report" in run.links:
            page.write_text(client.page(run.run_id), encoding="utf-8")
    console.print(Rule("2  The callback, as the consumer received it"))
    received = _received(Path(state["callbacks"]), run)
    if received is None:
        console.print("[red]no callback arrived[/]")
        return 1
    return _tell(console, folder, run, received, page)


def _received(folder: Path, run: RunView) -> dict[str, Any] | None:
    event = run.callback.event_id if run.callback else ""
    files = sorted(folder.glob(f"{event}.*.json"))
    return json.loads(files[0].read_text()) if files else None


def _tell(console: Console, folder: Path, run: RunView, received: dict[str, Any], page: Path) -> int:
    console.print(JSON.from_data(received["headers"] | {"body": received["body"]}))
    at = datetime.fromisoformat(received["received_at"])
    seconds = (at - run.accepted_at).total_seconds()
    console.print(Rule("3  In short"))
    workers = executed_by(folder, run.run_id)
    mark = "[bold green]verified[/]" if received["verified"] else "[bold red]NOT verified[/]"
    console.print(f"signature            {mark} (Standard Webhooks, {received['headers']['webhook-id']})")
    console.print(f"accepted to callback [bold]{seconds:.2f} s[/] of 10 s; run {run.status.value}", highlight=False)
    parts = sum(workers.values())
    console.print(f"parts                {parts}, executed by {len(workers)} processes", highlight=False)
    if page.exists():
        console.print(f"report               {page.with_suffix('.json')}", highlight=False, soft_wrap=True)
        console.print(f"as a page            {page.as_uri()}", highlight=False, soft_wrap=True)
    ended_well = run.status in (RunStatus.COMPLETED, RunStatus.PARTIAL)
    return 0 if ended_well and received["verified"] and seconds < 10 else 1


def executed_by(folder: Path, run_id: str) -> dict[str, int]:
    """How many parts of the run each process executed, by the workers' own logs."""
    counts: dict[str, int] = {}
    for log in sorted((folder / "logs").glob("*.log")):
        for line in log.read_text(errors="replace").splitlines():
            if "task_ended" in line and run_id in line and '"step"' in line and line.startswith("{"):
                worker = f"{log.stem} {json.loads(line).get('worker')}"
                counts[worker] = counts.get(worker, 0) + 1
    return counts
