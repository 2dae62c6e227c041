"""Lists of runs and flows."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from millrace.client.views.tables import line, table
from millrace.client.views.words import NONE, seconds, status
from millrace.contracts.api import FlowStage, FlowView, RunPage, RunView


def runs(page: RunPage) -> RenderableType:
    """A page of runs, newest first."""
    if not page.runs:
        return line("No runs.")
    columns = ("Run", "Status", ">Records", "Accepted (UTC)", ">Time")
    made = table("Runs", columns, map(_run, page.runs))
    return Group(made, line("There are more: raise --limit.")) if page.cursor else made


def flows(found: Iterable[FlowView]) -> RenderableType:
    """Every flow with its stages and steps."""
    return Group(*(_flow(flow) for flow in found))


def _run(view: RunView) -> tuple[str | Text, ...]:
    time = seconds(view.seconds) if view.seconds is not None else NONE
    state = status(view.status.value).append(" (redriving)" if view.redriving else "")
    return view.run_id, state, f"{view.records:,}", f"{view.accepted_at:%Y-%m-%d %H:%M}", time


def _flow(flow: FlowView) -> RenderableType:
    rows = (row for stage in flow.stages for row in _stage(stage))
    title = f"{flow.name} {flow.version}: {flow.title or 'no title'}, due in {flow.deadline_s:g} s"
    return table(title, ("Stage", ">Budget", "Step", "Task", "Join"), rows)


def _stage(stage: FlowStage) -> Iterator[tuple[str, ...]]:
    for number, step in enumerate(stage.steps):
        head = (stage.name, f"{stage.budget_s:g} s") if number == 0 else ("", "")
        yield (*head, step.name, step.task, step.join)
