"""A run on its way: a bar for each stage on a terminal, a line for each change elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from millrace.client.views.run import stage_seconds
from millrace.client.views.tables import line
from millrace.client.views.words import count, plain, seconds
from millrace.contracts.api import RunView, StageView

Show = Callable[[RunView], None]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """How many parts of a stage are done, of how many that were planned."""

    done: int
    planned: int

    def __str__(self) -> str:
        return f"{self.done} of {count(self.planned, 'part')}"


@contextmanager
def progress(console: Console) -> Iterator[Show]:
    """Shows what it is called with, until the context ends."""
    if not console.is_interactive:
        yield _Lines(console).show
        return
    with _bars(console) as bars:
        yield _Bars(bars).show


def parts(stage: StageView) -> Parts:
    """The parts of all steps of the stage."""
    return Parts(done=sum(step.parts_done for step in stage.steps), planned=sum(step.parts for step in stage.steps))


def describe(stage: StageView) -> str:
    """The stage in a line of words."""
    if stage.status == "pending":
        return f"{stage.name}: waiting"
    time = stage_seconds(stage)
    return f"{stage.name}: {stage.status}, {parts(stage)}" + (f", {time}" if time else "")


class _Lines:
    """Prints each stage when what it would say has changed."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[str, str] = {}

    def show(self, run: RunView) -> None:
        for stage in run.stages:
            text = describe(stage)
            if stage.status != "pending" and self._said.get(stage.name) != text:
                self._said[stage.name] = text
                self._console.print(line(text))


class _Bars:
    """Moves one bar for each stage."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def show(self, run: RunView) -> None:
        for stage in run.stages:
            self._move(stage)

    def _move(self, stage: StageView) -> None:
        if stage.name not in self._tasks:
            self._tasks[stage.name] = self._bars.add_task(plain(stage.name), start=False, state="waiting", time="")
        task = self._tasks[stage.name]
        if stage.status == "pending":
            return
        self._bars.start_task(task)
        joined, found = stage.status == "joined", parts(stage)
        # A stage without parts is a full bar once it is joined; one that left parts behind stays short of its end.
        total, done = (found.planned, found.done) if found.planned else (1, int(joined))
        self._bars.update(task, total=total, completed=done, state=str(found), time=stage_seconds(stage))
        if joined:
            self._bars.stop_task(task)


class _Seconds(ProgressColumn):
    """What the API says a stage took; until it says so, the seconds since it was first seen."""

    def render(self, task: Task) -> Text:
        elapsed = task.elapsed
        return Text(task.fields["time"] or (seconds(elapsed) if elapsed else ""))


def _bars(console: Console) -> Progress:
    width = max(8, min(40, console.width - 45))
    return Progress(
        TextColumn("{task.description}", markup=False), BarColumn(bar_width=width),
        TextColumn("{task.fields[state]}", markup=False), _Seconds(), console=console,
    )  # fmt: skip
