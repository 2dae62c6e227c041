"""The `millrace` command line. What a command does is imported when it runs, so that `--help` is quick."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from millrace.client.cli_callbacks import callbacks
from millrace.client.cli_common import Json, local, moment, seconds
from millrace.client.cli_journey import add_journey
from millrace.client.cli_keys import keys
from millrace.client.cli_tenants import tenants

app = typer.Typer(
    name="millrace",
    help="Customer feedback in, signed insights out.",
    no_args_is_help=True,
    add_completion=False,
    # Help in plain text: the boxes load a Markdown parser and a highlighter, which doubles the time.
    rich_markup_mode=None,
    # Its tracebacks show local variables, and the API key is one.
    pretty_exceptions_enable=False,
)

Status = Literal["accepted", "running", "completed", "partial", "failed", "cancelled"]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
LOCAL = "millrace.local.commands"
DEAD_LETTERS = "millrace.local.dead_letters"

letters = typer.Typer(help="Messages that no worker could use.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(letters, name="dead-letters")
app.add_typer(keys, name="keys")
app.add_typer(tenants, name="tenants")
app.add_typer(callbacks, name="callbacks")


class Ended(StrEnum):
    """Statuses of runs that have ended: an option that may be repeated takes no `Literal`."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


def _pairs(given: list[str], option: str) -> dict[str, str]:
    """`a=b` each; the first `=` divides."""
    pairs = [each.partition("=") for each in given]
    for name, equals, value in pairs:
        if not (name and equals and value) or ":" in name:
            raise typer.BadParameter(f"takes name=value, not {name + equals + value!r}", param_hint=option)
    return {name: value for name, _, value in pairs}


@app.command()
def submit(
    file: File,
    flow: Annotated[str, typer.Option(help="The flow that the run follows.")] = "customer-feedback",
    callback_url: Annotated[str | None, typer.Option(help="Where the signed result is posted.")] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Read a field here.")
    ] = None,
    scale: Annotated[str | None, typer.Option(help="The rating's scale: stars5, nps, csat, ...")] = None,
    meta: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A reference of your own.")] = None,
    deadline: Annotated[float | None, typer.Option(metavar="SECONDS", min=0.1, help="The run's budget.")] = None,
    resume: Annotated[str | None, typer.Option(metavar="UPLOAD", help="Go on with an upload that broke off.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the run has ended and show what it found.")] = False,
    timeout: Annotated[float | None, typer.Option(metavar="SECONDS", min=0, help="Longest --wait.")] = None,
    as_json: Json = False,
) -> None:
    """Submit a file: CSV, TSV, JSON, NDJSON, XLSX, Parquet, EML, MBOX, text or PDF; each also as .gz.

    Exit code: 0 accepted, or with --wait completed or partial; 1 failed or cancelled; 2 refused; 3 no answer in time.
    """
    from millrace.client import commands

    wanted = commands.Submission(
        file=file, flow=flow, callback_url=callback_url, mapping=_pairs(mapping or [], "--map"),
        metadata=_pairs(meta or [], "--meta"), deadline_s=deadline, scale=scale, upload_id=resume,
    )  # fmt: skip
    commands.submit(wanted, wait=wait, timeout_s=timeout, as_json=as_json)


@app.command()
def show(
    run: str,
    wait: Annotated[bool, typer.Option("--wait", "--follow", help="Stay with it until it has ended.")] = False,
    timeout: Annotated[float | None, typer.Option(metavar="SECONDS", min=0, help="Longest --wait.")] = None,
    as_json: Json = False,
) -> None:
    """Show a run: its steps, gaps and findings.

    Exit code: 0 shown; 2 refused; 3 no answer in time.
    """
    from millrace.client import commands

    commands.show(run, as_json=as_json, wait=wait, timeout_s=timeout)


@app.command()
def report(
    run: str,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the page for a browser to this file.")] = None,
    attempt: Annotated[int | None, typer.Option(min=1, help="Of this attempt, not of the one that ended last.")] = None,
    as_json: Json = False,
) -> None:
    """Show a run's report, or keep it as one HTML page.

    Exit code: 0 shown; 2 refused, as while there is none; 3 no answer.
    """
    from millrace.client import commands

    commands.report(run, attempt, out, as_json=as_json)


add_journey(app)


@app.command()
def cancel(
    run: str,
    reason: Annotated[str, typer.Option(help="Shown with the run and told to its consumer.")] = "",
    as_json: Json = False,
) -> None:
    """End a run now, before its next part starts.

    Exit code: 0 asked for; 2 refused, as when it has ended; 3 no answer.
    """
    from millrace.client import control

    control.cancel(run, reason, as_json=as_json)


@app.command()
def redrive(
    run: Annotated[str | None, typer.Argument(help="The run; without it, those that the filters choose.")] = None,
    start: Annotated[str, typer.Option("--from", metavar="failed|STAGE|STEP", help="Where to begin.")] = "failed",
    status: Annotated[list[Ended] | None, typer.Option(help="Every run of this status; may be repeated.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Accepted in the last 30m, 2h, 7d; alone: failed, partial.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the new attempts have ended.")] = False,
    timeout: Annotated[float | None, typer.Option(metavar="SECONDS", min=0, help="Longest --wait.")] = None,
    as_json: Json = False,
) -> None:
    """Run an ended run again, or many: what failed or is missing, or from a stage or step on.

    Exit code: 0 taken, or with --wait completed or partial; 1 failed or cancelled; 2 refused; 3 no answer in time.
    """
    filtered = status is not None or since is not None
    if (run is not None) == filtered:
        raise typer.BadParameter("name one run, or filter by --status and --since", param_hint="RUN")
    from millrace.client import control

    if run is not None:
        control.redrive(run, start, wait=wait, timeout_s=timeout, as_json=as_json)
        return
    wanted = control.Selection(statuses=status or (), since_s=seconds(since, "--since") if since else None)
    control.redrive_many(wanted, start, yes=yes, wait=wait, timeout_s=timeout, as_json=as_json)


@app.command()
def runs(
    status: Annotated[Status | None, typer.Option(help="Only runs of this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to list.")] = 20,
    flow: Annotated[str | None, typer.Option(help="Only runs of this flow.")] = None,
    since: Annotated[str | None, typer.Option(metavar="WHEN", help="Accepted since: 2h, 7d, or a time.")] = None,
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="Accepted before: 2h, 7d, or a time.")] = None,
    as_json: Json = False,
) -> None:
    """List the newest runs. A time is written like 2026-03-01T12:00:00Z."""
    from millrace.client import commands

    began, ended = moment(since, "--since"), moment(until, "--until")
    commands.runs(status, limit, flow=flow, since=began, until=ended, as_json=as_json)


@app.command()
def flows(as_json: Json = False) -> None:
    """List the flows with their stages, budgets and steps."""
    from millrace.client import commands

    commands.flows(as_json=as_json)


@app.command()
def up(detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when the stack is ready.")] = False) -> None:
    """Start the local stack: no Docker needed."""
    local(LOCAL).up(detach)


@app.command()
def down() -> None:
    """Stop the local stack."""
    local(LOCAL).down()


@app.command()
def demo(file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, readable=True)] = None) -> None:
    """Run feedback through a local stack of its own."""
    raise typer.Exit(local(LOCAL).demo(file))


@letters.command("list")
def list_letters(
    limit: Annotated[int, typer.Option(min=1, help="How many to list.")] = 100,
    as_json: Json = False,
) -> None:
    """List the oldest, which stay where they are.

    The broker is MILLRACE_BROKER_URL, or the local stack's. Exit code: 0 listed; 3 no answer.
    """
    local(DEAD_LETTERS).show_all(limit, as_json=as_json)


@letters.command("show")
def show_letter(
    letter: Annotated[str, typer.Argument(metavar="ID")],
    body: Annotated[bool, typer.Option("--body", help="What is in it, too: that may be personal.")] = False,
    as_json: Json = False,
) -> None:
    """Show where one came from, and its headers. Exit code: 0 shown; 2 there is none; 3 no answer."""
    local(DEAD_LETTERS).show(letter, body=body, as_json=as_json)


@letters.command("return")
def return_letter(
    letter: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every one that has a queue to go to.")] = False,
    as_json: Json = False,
) -> None:
    """Send one back to its queue as it was, or all. Exit code: 0 returned; 2 refused; 3 no answer."""
    if (letter is not None) == every:
        raise typer.BadParameter("name one letter, or say --all", param_hint="ID")
    local(DEAD_LETTERS).send_back(letter, as_json=as_json)


def main() -> None:
    """The entry point: text that the terminal's encoding lacks becomes `?`, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app(prog_name="millrace")


if __name__ == "__main__":
    main()
