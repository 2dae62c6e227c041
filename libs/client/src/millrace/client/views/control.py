"""What was asked of runs: a cancel, a redrive, or many of them."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from millrace.client.redriving import Redriven, Redrives
from millrace.client.views.tables import Cell, line, table
from millrace.client.views.words import count, moment, status
from millrace.client.waiting import ENDED_BADLY
from millrace.contracts.api import Asked, RunView


def asked(answer: Asked) -> Text:
    """What was passed on."""
    if answer.asked == "cancel":
        return line(answer.run_id, f": cancel of attempt {answer.attempt} asked for")
    return line(answer.run_id, f": redrive asked for, attempt {answer.attempt + 1} follows")


def chosen(found: Sequence[RunView]) -> str:
    """How many runs, newest first, of which status and from when: `14 runs (9 failed, 5 partial), accepted ...`."""
    if not found:
        return "There is no run to redrive."
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in Counter(run.status.value for run in found).most_common())
    first, last = moment(found[-1].accepted_at), moment(found[0].accepted_at)
    return f"{count(len(found), 'run')} ({kinds}), accepted from {first} to {last}"


def redrives(found: Redrives) -> Group:
    """How many were taken, what they ended as, and which were not taken or ended badly."""
    return Group(*_parts(found))


def _parts(found: Redrives) -> Iterator[RenderableType]:
    taken = found.taken
    yield line(f"Redriven: {len(taken):,} of {count(len(found.runs), 'run')}, from {found.start}")
    if found.waited and taken:
        ends = Counter(run.status.value if run.status else "still going on" for run in taken)
        yield line("Ended: ", ", ".join(f"{number:,} {end}" for end, number in ends.most_common()))
    rows = [row for run in found.runs if (row := _row(run, found.waited))]
    if rows:
        yield Text()
        yield table("Not taken, or not well", ("Run", "Status", "Reason"), rows)


def _row(run: Redriven, waited: bool) -> tuple[Cell, ...] | None:
    if run.problem is not None:
        reason = run.problem.detail or run.problem.title
        return run.run_id, status("no answer" if run.no_answer else "refused"), reason
    if run.status in ENDED_BADLY:
        return run.run_id, status(str(run.status)), ""
    return (run.run_id, status("running"), "still going on") if waited and run.status is None else None
