"""What the modules of the command line share."""

import re
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import ModuleType
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, all else on stderr.")]


def seconds(given: str, option: str) -> float:
    """`90s`, `30m`, `2h`, `7d` in seconds."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhd])", given.strip())
    if found is None:
        raise typer.BadParameter(f"takes 90s, 30m, 2h or 7d, not {given!r}", param_hint=option)
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def moment(given: str | None, option: str) -> datetime | None:
    """`2h` is two hours ago; a time needs its zone."""
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given.strip())
    except ValueError:
        return datetime.now(UTC) - timedelta(seconds=seconds(given, option))
    if at.utcoffset() is None:
        raise typer.BadParameter(f"a time needs its zone, as in 2026-03-01T12:00:00Z, not {given!r}", param_hint=option)
    return at


def local(name: str) -> ModuleType:
    """A module of the package for operators and laptops, which need not be installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = "millrace-local" if (error.name or "").startswith("millrace.local") else error.name
        typer.echo(f"The local stack needs the package {missing}, which is not installed.", err=True)
        raise typer.Exit(2) from error
