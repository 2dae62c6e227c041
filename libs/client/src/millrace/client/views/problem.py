"""An error that the API answered with."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from millrace.client.views.accepted import set_aside
from millrace.client.views.tables import line
from millrace.contracts.api import Problem


def problem(found: Problem, hint: str = "") -> Group:
    """What is wrong, which rows and fields are at fault, and what may help."""
    return Group(*_parts(found, hint))


def _parts(found: Problem, hint: str) -> Iterator[RenderableType]:
    status = f" ({found.status})" if found.status else ""
    yield line(f"{found.title}{status}", style="bold red")
    if found.detail:
        yield line(found.detail)
    if found.errors:
        yield Text()
        yield set_aside(found.errors, "At fault")
    if found.request_id:
        yield line(f"Request {found.request_id}", style="dim")
    if hint:
        yield line(hint)
