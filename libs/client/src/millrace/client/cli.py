"""The `millrace` command line. What a command does is imported when it runs, so that `--help` is quick."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal

import typer

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
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, all else on stderr.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
LOCAL = "millrace.local.commands"


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
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the run has ended and show what it found.")] = False,
    timeout: Annotated[float | None, typer.Option(metavar="SECONDS", min=0, help="Longest --wait.")] = None,
    as_json: Json = False,
) -> None:
    """Submit a CSV, TSV, NDJSON or JSON file.

    Exit code: 0 accepted, or with --wait completed or partial; 1 failed or cancelled; 2 refused; 3 no answer in time.
    """
    from millrace.client import commands

    wanted = commands.Submission(
        file=file, flow=flow, callback_url=callback_url, mapping=_pairs(mapping or [], "--map"),
        metadata=_pairs(meta or [], "--meta"), deadline_s=deadline, scale=scale,
    )  # fmt: skip
    commands.submit(wanted, wait=wait, timeout_s=timeout, as_json=as_json)


@app.command()
def show(run: str, as_json: Json = False) -> None:
    """Show a run: its steps, gaps and findings."""
    from millrace.client import commands

    commands.show(run, as_json=as_json)


@app.command()
def runs(
    status: Annotated[Status | None, typer.Option(help="Only runs of this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to list.")] = 20,
    as_json: Json = False,
) -> None:
    """List the newest runs."""
    from millrace.client import commands

    commands.runs(status, limit, as_json=as_json)


@app.command()
def flows(as_json: Json = False) -> None:
    """List the flows with their stages, budgets and steps."""
    from millrace.client import commands

    commands.flows(as_json=as_json)


@app.command()
def up(detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when the stack is ready.")] = False) -> None:
    """Start the local stack: no Docker needed."""
    _local().up(detach)


@app.command()
def down() -> None:
    """Stop the local stack."""
    _local().down()


@app.command()
def demo(file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, readable=True)] = None) -> None:
    """Run feedback through a local stack of its own."""
    raise typer.Exit(_local().demo(file))


def _local() -> ModuleType:
    try:
        return import_module(LOCAL)
    except ModuleNotFoundError as error:
        missing = "millrace-local" if (error.name or "").startswith("millrace.local") else error.name
        typer.echo(f"The local stack needs the package {missing}, which is not installed.", err=True)
        raise typer.Exit(2) from error


def main() -> None:
    """The entry point: text that the terminal's encoding lacks becomes `?`, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app(prog_name="millrace")


if __name__ == "__main__":
    main()
