"""`millrace why` and `millrace trace`: where a run's time went."""

from pathlib import Path
from typing import Annotated

import typer

from millrace.client.cli_common import Json

Page = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page for a browser to this file.")]
Attempt = Annotated[int | None, typer.Option(min=1, help="An earlier one: only its stages are known.")]


def add_journey(app: typer.Typer) -> None:
    """Offer the two commands."""
    app.command()(why)
    app.command()(trace)


def why(run: str, attempt: Attempt = None, html: Page = None, as_json: Json = False) -> None:
    """Say why a run took as long as it did, next to what is normal for its flow.

    Exit code: 0 shown; 2 refused, as when there is no such run; 3 no answer.
    """
    from millrace.client import journeys

    journeys.why(run, attempt, html, as_json=as_json)


def trace(
    run: str,
    attempt: Attempt = None,
    every: Annotated[bool, typer.Option("--all", help="Every part, however many there are.")] = False,
    html: Page = None,
    as_json: Json = False,
) -> None:
    """Show a run's stages, steps and parts on a line of time.

    Exit code: 0 shown; 2 refused, as when there is no such run; 3 no answer.
    """
    from millrace.client import journeys

    journeys.trace(run, attempt, html, every=every, as_json=as_json)
