"""What `millrace why` and `millrace trace` do."""

from collections.abc import Callable
from pathlib import Path

from rich.console import RenderableType

from millrace.client.screen import Screen
from millrace.client.session import session
from millrace.client.views.journey import why as why_view
from millrace.client.views.waterfall import waterfall
from millrace.contracts.journey import RunJourney

View = Callable[[RunJourney, Screen], RenderableType]


def why(run_id: str, attempt: int | None, html: Path | None, *, as_json: bool) -> None:
    """Why the run took as long as it did."""
    _tell(run_id, attempt, html, lambda found, _: why_view(found), as_json=as_json)


def trace(run_id: str, attempt: int | None, html: Path | None, *, every: bool, as_json: bool) -> None:
    """The run's waterfall, as wide as the terminal."""
    _tell(run_id, attempt, html, lambda found, shown: waterfall(found, shown.out.width, every=every), as_json=as_json)


def _tell(run_id: str, attempt: int | None, html: Path | None, view: View, *, as_json: bool) -> None:
    with session(as_json) as (client, shown, _):
        if html is not None:
            html.write_text(client.journey_page(run_id, attempt), encoding="utf-8")
            shown.tell(f"The page is in {html}")
            return
        found = client.journey(run_id, attempt)
        shown.document(found)
        shown.show(view(found, shown))
        if found.trace_url:
            shown.say(f"In Datadog: {found.trace_url}")
