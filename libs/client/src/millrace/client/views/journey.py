"""Why a run took as long as it did: the answer first, then where the time went next to what is normal."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from millrace.client.views.tables import Cell, line, numbered, table
from millrace.client.views.words import NONE, count, moment, percent, plain, seconds, status
from millrace.contracts.journey import PhaseTime, QueueTime, RunJourney

MOST_CAUSES = 5
MOST_TROUBLES = 15
UNUSUAL = "bold yellow"


def head(view: RunJourney) -> Text:
    """What run it is."""
    attempt = f", attempt {view.attempt}" if view.attempt > 1 or len(view.attempts) > 1 else ""
    size = f": {view.flow}, {count(view.records, 'record')}{attempt}, "
    return line(view.run_id, size, status(view.status.value), f", {moment(view.began_at)}")


def why(view: RunJourney) -> Group:
    """All of it."""
    return Group(*_parts(view))


def _parts(view: RunJourney) -> Iterator[RenderableType]:
    yield head(view)
    yield line(view.verdict, style="bold")
    yield Text()
    if view.causes:
        causes = (line(each.text, style=UNUSUAL if each.unusual else "") for each in view.causes[:MOST_CAUSES])
        yield numbered(view.causes_title, causes)
    shown = [each for each in view.phases if each.seconds or each.normal_s]
    title = f"Where the time went ({_compared(view)})"
    columns = ("Phase", ">Time", ">Share", ">Normal", ">90 % under")
    yield table(title, columns, (*(_phase(each, view.seconds) for each in shown), _whole(view)))
    if view.queues:
        rows = map(_queue, view.queues)
        yield table("Queues", ("Queue", ">Longest wait", "Of", ">Normal", ">On the path"), rows)
    yield from _troubles(view)
    yield from (line(note, style="dim") for note in view.notes)


def _compared(view: RunJourney) -> str:
    normal = view.normal
    if not normal.enough:
        return f"{count(normal.runs, 'earlier run')} of this flow: too few to say what is normal"
    return f"normal: median of {count(normal.runs, 'run')}{' of about this size' if normal.similar else ''}"


def _phase(time: PhaseTime, whole_s: float) -> tuple[Cell, ...]:
    share = percent(time.seconds / whole_s) if whole_s else NONE
    return time.phase, seconds(time.seconds), share, _known(time.normal_s), _known(time.p90_s)


def _whole(view: RunJourney) -> tuple[Cell, ...]:
    return "all", seconds(view.seconds), "", _known(view.normal.seconds), _known(view.normal.p90_s)


def _queue(queue: QueueTime) -> tuple[Cell, ...]:
    return queue.queue, seconds(queue.longest_s), queue.longest, _known(queue.normal_s), seconds(queue.seconds)


def _troubles(view: RunJourney) -> Iterator[RenderableType]:
    """Retries, redeliveries and the like, and the gaps with their reasons."""
    told = [line(each.text) for each in view.troubles]
    told += [line(f"missing: {each.step} ({each.reason}); {each.effect}") for each in view.gaps]
    if view.reason:
        told.insert(0, line(view.reason))
    if told:
        more = [line(f"and {count(len(told) - MOST_TROUBLES, 'more thing')}; --json has all of them")]
        yield numbered("What went wrong", told[:MOST_TROUBLES] + (more if len(told) > MOST_TROUBLES else []), "-")
    else:
        yield line("No retries, no redeliveries, no gaps.")


def _known(value: float | None) -> str:
    return plain(seconds(value)) if value is not None else NONE
