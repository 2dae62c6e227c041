"""A run's waterfall on a terminal: a row for each stage, step and part, and what it spent its time on as a bar.

The marks are ASCII: a terminal that lacks colours or characters shows them all the same.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from millrace.client.views.journey import head
from millrace.client.views.tables import line
from millrace.client.views.words import count, plain, seconds
from millrace.contracts.journey import Interval, JourneyRow, Phase, RunJourney

MOST_ROWS: Final = 40
"""More are folded: parts that the run did not wait for."""
NARROWEST: Final = 20
"""Characters of a bar on a narrow terminal."""
LONGEST_NAME: Final = 40

_MARKS: Final[dict[str, tuple[str, str, str]]] = {
    Phase.QUEUE: (".", "yellow", "waiting"), Phase.START: ("~", "magenta", "starting"),
    Phase.COMPUTE: ("#", "blue", "computing"), Phase.STORE: ("=", "cyan", "store"),
    Phase.RETRY: ("!", "bold red", "lost work"), Phase.IDLE: (":", "red", "missing or not told"),
    Phase.CALLBACK: (">", "green", "callback"), Phase.ACCEPT: ("-", "", "orchestration"),
}  # fmt: skip
_OTHERWISE: Final = ("-", "", "orchestration")


def waterfall(view: RunJourney, width: int, *, every: bool = False) -> Group:
    """The rows over so many characters; `every`: none is folded."""
    shown = _shown(view.rows, every=every)
    return Group(*_lines(view, shown, width))


def _lines(view: RunJourney, shown: Sequence[JourneyRow], width: int) -> Iterator[RenderableType]:
    names = min(max((len(_name(row)) for row in shown), default=0), LONGEST_NAME)
    bar = max(NARROWEST, width - names - 20)
    yield head(view)
    yield line(view.verdict, style="bold")
    yield Text()
    yield Text(f"{'':{names}}  {'begins':>8} {'takes':>8} {_scale(view.seconds, bar)}", no_wrap=True)
    yield from (_row(row, view.seconds, names, bar) for row in shown)
    yield Text()
    yield _legend(shown)
    if len(shown) < len(view.rows):
        yield line(f"{count(len(view.rows) - len(shown), 'part')} that the run did not wait for: --all shows them.")
    yield from (line(note, style="dim") for note in view.notes)


def _shown(rows: Sequence[JourneyRow], *, every: bool) -> list[JourneyRow]:
    if every or len(rows) <= MOST_ROWS:
        return list(rows)
    return [row for row in rows if row.kind != "part" or row.critical or row.retries or row.deliveries > 1]


def _row(row: JourneyRow, whole_s: float, names: int, bar: int) -> Text:
    name = _name(row)
    name = name if len(name) <= names else f"{name[: names - 1]}~"
    made = Text(no_wrap=True, overflow="crop")
    made.append(f"{name:{names}}", "bold" if row.critical else "")
    made.append(f"  {seconds(row.begin_s):>8} {seconds(row.end_s - row.begin_s):>8} ")
    for phase in _cells(row.intervals, whole_s, bar):
        mark, style, _ = _MARKS.get(phase, _OTHERWISE) if phase else (" ", "", "")
        made.append(mark, style)
    return made


def _name(row: JourneyRow) -> str:
    """Indented; what the run waited for is marked with a star, and what was odd is told."""
    odd = row.reason or (row.status if row.status in ("failed", "timed_out") else "")
    again = f"x{row.deliveries}" if row.deliveries > 1 else ""
    tried = f"+{row.retries}" if row.retries else ""
    told = " ".join(filter(None, (plain(row.name), again, tried, plain(odd))))
    return f"{'*' if row.critical else ' '} {'  ' * row.level}{told}"


def _cells(intervals: Sequence[Interval], whole_s: float, bar: int) -> list[str]:
    """For each character the phase that has most of it; empty for none."""
    cells, most = [""] * bar, [0.0] * bar
    wide = whole_s / bar if whole_s else 1.0
    for interval in intervals:
        first = min(int(interval.begin_s / wide), bar - 1)
        for number in range(first, min(int(interval.end_s / wide) + 1, bar)):
            share = min(interval.end_s, (number + 1) * wide) - max(interval.begin_s, number * wide)
            if share > most[number]:
                cells[number], most[number] = interval.phase, share
    return cells


def _scale(whole_s: float, bar: int) -> str:
    """`0          5.3 s`: where the bars begin and end."""
    end = seconds(whole_s)
    return f"0{end:>{bar - 1}}"


def _legend(shown: Sequence[JourneyRow]) -> Text:
    """What the marks mean that are there."""
    there = {interval.phase for row in shown for interval in row.intervals}
    told: dict[str, tuple[str, str]] = {}
    for phase in Phase:
        if phase in there:
            mark, style, means = _MARKS.get(phase, _OTHERWISE)
            told.setdefault(mark, (style, means))
    made = Text("* critical path", "bold")
    for mark, (style, means) in told.items():
        made.append("   ", "default").append(mark, style).append(f" {means}", "not bold")
    return made
