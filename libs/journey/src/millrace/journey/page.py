"""A journey in, one self-contained HTML page out."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from millrace.contracts.journey import Interval, JourneyRow, Phase, PhaseTime, RunJourney
from millrace.journey.parts import BEHIND
from millrace.journey.words import count, part_of, seconds, times

WIDTH: Final = 1000
"""Of a bar's drawing, in its own units."""
MOST_ROWS: Final = 1000
"""Rows of a page: those of parts beyond are left out, but for the ones that the run waited for."""

_COLOURS: Final = {
    Phase.QUEUE: "waiting", Phase.START: "starting", Phase.COMPUTE: "computing", Phase.STORE: "store",
    Phase.RETRY: "retry", Phase.IDLE: "idle", Phase.CALLBACK: "callback",
}  # fmt: skip
_MEANS: Final = {
    Phase.ACCEPT: "the batch was parsed, stored and written down",
    Phase.DISPATCH: "stages were planned, written down and published",
    Phase.QUEUE: "messages waited for a worker",
    Phase.START: "messages waited for a process that was not ready",
    Phase.STORE: "artifacts were read and written",
    Phase.COMPUTE: "parts computed",
    Phase.RETRY: "work that was lost, until it was done again",
    Phase.JOIN: "outcomes were put together",
    Phase.IDLE: "a part was missing, or the record does not tell",
    Phase.CALLBACK: "the result was sent until the consumer took it",
}


@dataclass(frozen=True, kw_only=True)
class _Bar:
    css: str
    x: float
    width: float
    title: str


@dataclass(frozen=True, kw_only=True)
class _Row:
    row: JourneyRow
    level: int
    marks: tuple[str, ...]
    label: str
    bars: tuple[_Bar, ...]


@dataclass(frozen=True, kw_only=True)
class _Phase:
    time: PhaseTime
    css: str
    means: str


def page(journey: RunJourney) -> str:
    """The page: no network, no script. Whatever names hold is escaped. The same journey gives the same bytes."""
    shown = [each for each in journey.phases if each.seconds or each.normal_s]
    phases = [_Phase(time=each, css=_css(each.phase), means=_MEANS.get(Phase(each.phase), "")) for each in shown]
    return _environment().get_template("page.html.j2").render(
        journey=journey, phases=phases, rows=[_row(each, journey.seconds) for each in _shown(journey.rows)],
        compared=compared(journey), seconds=seconds, known=_known,
    )  # fmt: skip


def compared(journey: RunJourney) -> str:
    """What `normal` is, in a sentence; also when there is none."""
    normal = journey.normal
    if not normal.enough:
        return (
            f"There is nothing to compare it with yet: {count(normal.runs, 'earlier run')} of this flow, 3 are needed."
        )
    size = " of about this size" if normal.similar else " of any size"
    return f"Normal is the median of the flow's last {count(normal.runs, 'run')}{size}."


def _shown(rows: tuple[JourneyRow, ...]) -> list[JourneyRow]:
    if len(rows) <= MOST_ROWS:
        return list(rows)
    return [row for row in rows if row.kind != "part" or row.critical][:MOST_ROWS]


def _row(row: JourneyRow, whole_s: float) -> _Row:
    scale = WIDTH / whole_s if whole_s else 0.0
    bars = tuple(
        _Bar(
            css=_css(each.phase), x=round(each.begin_s * scale, 2), width=round(max(each.seconds * scale, 0.8), 2),
            title=_title(each),
        )
        for each in row.intervals
    )  # fmt: skip
    told = ", ".join(_title(each) for each in row.intervals)
    return _Row(row=row, level=min(row.level, 3), marks=marks(row), label=f"{row.name}: {told}", bars=bars)


def marks(row: JourneyRow) -> tuple[str, ...]:
    """What was odd about a row, in a word or two each."""
    made = []
    if row.status in ("failed", "timed_out", "cancelled", "partial") and row.kind != "run":
        made.append(row.reason or row.status)
    if row.kind == "callback" and row.deliveries > 1:
        made.append(f"{row.deliveries} tries")
    elif row.deliveries > 1:
        made.append(f"begun {times(row.deliveries)}")
    if row.retries:
        made.append(f"tried again {times(row.retries)}")
    return tuple(made)


def _title(interval: Interval) -> str:
    whose = part_of(interval.step, interval.part) if interval.step else interval.stage
    where = f" in {interval.queue}" if interval.phase == Phase.QUEUE else ""
    what = f" ({interval.what})" if interval.what and interval.what != BEHIND else ""
    behind = f", {seconds(interval.behind_s)} of it behind other parts of the run" if interval.behind_s else ""
    waited = f", {interval.waiting} waited behind it" if interval.waiting else ""
    return f"{whose} {interval.phase}{what}{where} {seconds(interval.seconds)}{behind}{waited}".strip()


def _css(phase: str) -> str:
    return next((css for known, css in _COLOURS.items() if known == phase), "orchestration")


def _known(value: float | None) -> str:
    return "-" if value is None else seconds(value)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("millrace.journey"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
