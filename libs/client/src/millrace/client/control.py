"""What the commands `cancel` and `redrive` do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import typer
from rich.prompt import Confirm

from millrace.client import redriving, screen
from millrace.client.following import follow, result
from millrace.client.redriving import Redrives
from millrace.client.session import session
from millrace.client.views.control import asked, chosen, redrives
from millrace.client.views.tables import line
from millrace.client.waiting import ENDED_BADLY
from millrace.contracts.base import now
from millrace.contracts.run import RunStatus

WORTH_IT = (RunStatus.FAILED, RunStatus.PARTIAL)
"""Statuses that are redriven when only an age is given: something of the run is missing."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which ended runs `millrace redrive` is about."""

    statuses: Sequence[str] = ()
    since_s: float | None = None
    """Only runs that were accepted in the last so many seconds."""


def cancel(run_id: str, reason: str, *, as_json: bool) -> None:
    """Ask for a run's end."""
    with session(as_json) as (client, shown, _):
        answer = client.cancel(run_id, reason)
        shown.document(answer)
        shown.show(asked(answer))


def redrive(run_id: str, start: str, *, wait: bool, timeout_s: float | None, as_json: bool) -> None:
    """Ask for another attempt of a run and, with `wait`, stay until it has ended; Exit with 1 when that was badly."""
    with session(as_json) as (client, shown, used):
        answer = client.redrive(run_id, start)
        shown.show(asked(answer))
        if not wait:
            shown.document(answer)
            return
        run, report = follow(client, shown, run_id, {"asked": answer}, timeout_s, answer.attempt + 1)
        shown.document({"asked": answer, "run": run, "report": report})
        result(client, shown, used, run, report)
    if run.status in ENDED_BADLY:
        raise typer.Exit(screen.ENDED_BADLY)


def redrive_many(
    wanted: Selection, start: str, *, yes: bool, wait: bool, timeout_s: float | None, as_json: bool
) -> None:
    """Ask for another attempt of every ended run of the selection, unless whoever is asked first says no."""
    with session(as_json) as (client, shown, _):
        statuses = [RunStatus(each) for each in wanted.statuses] or WORTH_IT
        after = now() - timedelta(seconds=wanted.since_s) if wanted.since_s is not None else None
        found = tuple(redriving.select(client, statuses, after))
        shown.tell(chosen(found))
        # Not typer's: that writes a space to stdout, which is kept for the result.
        if found and not yes and not Confirm.ask(line(f"Redrive them from {start}?"), console=shown.err, default=False):
            raise typer.Abort
        runs = tuple(redriving.redrive(client, (run.run_id for run in found), start))
        if wait:
            runs = tuple(redriving.wait(client, runs, timeout_s))
        made = Redrives(start=start, waited=wait, runs=runs)
        shown.document(made)
        if found:
            shown.show(redrives(made))
    if code := _code(made):
        raise typer.Exit(code)


def _code(made: Redrives) -> int:
    """The worst of all: no answer, refused, ended badly."""
    if any(run.no_answer or (made.waited and run.asked and run.status is None) for run in made.runs):
        return screen.UNREACHABLE
    if any(run.problem for run in made.runs):
        return screen.REFUSED
    return screen.ENDED_BADLY if any(run.status in ENDED_BADLY for run in made.runs) else 0
