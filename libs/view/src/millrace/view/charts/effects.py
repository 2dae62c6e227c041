"""Effects with their intervals beside their volume: one row each, in a wide form and one for a phone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from millrace.view.charts import house


@dataclass(frozen=True, kw_only=True)
class Row:
    """One effect."""

    label: str
    value: float
    low: float
    high: float
    shown: str
    """The value in words."""
    share: float
    """Volume, between 0 and 1."""
    share_shown: str

    @property
    def colour(self) -> str:
        """By its side of zero; muted where the interval holds zero."""
        return house.LOW if self.high < 0 else house.HIGH if self.low > 0 else house.SOFT


@dataclass(frozen=True, kw_only=True)
class Words:
    """What stands on the chart besides its rows."""

    title: str
    """For those who do not see it."""
    effect: str
    share: str
    write: Callable[[float], str]
    """A value on the axis."""


@dataclass(frozen=True, kw_only=True)
class _Form:
    """Where things stand, in pixels."""

    name: str
    width: float
    row: float
    """Height of a row."""
    top: float
    effect: tuple[float, float]
    """Left end and width of the effects."""
    share: tuple[float, float]
    label: tuple[float, float, str]
    """Place of the row's label: x, y from the row's middle, alignment."""
    shown: tuple[float, float, str]
    letters: int
    """Of a label, at most."""


_WIDE = _Form(
    name="wide", width=940, row=30, top=34, effect=(216, 420), share=(730, 150), label=(196, 0, "right"),
    shown=(652, 0, "left"), letters=28,
)  # fmt: skip
_NARROW = _Form(
    name="narrow", width=344, row=50, top=34, effect=(4, 196), share=(232, 66), label=(0, -17, "left"),
    shown=(200, -17, "right"), letters=22,
)  # fmt: skip
_BOTTOM = 30
_BAR = 12


def effects(rows: Sequence[Row], words: Words, name: str) -> tuple[str, str]:
    """The chart in its wide and its narrow form; the rows stand as they are given, the first on top."""
    with house.drawing():
        return _draw(rows, words, _WIDE, name), _draw(rows, words, _NARROW, name)


def _draw(rows: Sequence[Row], words: Words, form: _Form, name: str) -> str:
    drawn = house.figure(form.width, form.top + form.row * len(rows) + _BOTTOM)
    _effects(_panel(drawn, form, form.effect, len(rows)), rows, words)
    _shares(_panel(drawn, form, form.share, len(rows)), rows)
    return house.svg(drawn, f"{name}-{form.name}", words.title, _texts(drawn, rows, words, form))


def _panel(drawn: Figure, form: _Form, place: tuple[float, float], rows: int) -> Axes:
    panel = house.axes(drawn, place[0], form.top, place[1], form.row * rows)
    panel.set_ylim(rows - 0.5, -0.5)
    panel.set_yticks([])
    panel.spines["bottom"].set_visible(False)
    return panel


def _effects(panel: Axes, rows: Sequence[Row], words: Words) -> None:
    low, high = min(0.0, *(row.low for row in rows)), max(0.0, *(row.high for row in rows))
    margin = 0.06 * (high - low) or 1.0
    panel.set_xlim(low - margin, high + margin)
    panel.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.write(value)))
    panel.grid(axis="x")
    panel.axvline(0, color=house.SOFT, linewidth=1.5)
    places, colours = range(len(rows)), [row.colour for row in rows]
    panel.hlines(
        places, [row.low for row in rows], [row.high for row in rows], colors=colours, linewidth=4, alpha=0.4,
        capstyle="round", clip_on=False,
    )  # fmt: skip
    panel.scatter([row.value for row in rows], places, s=81, c=colours, linewidths=0, clip_on=False)


def _shares(panel: Axes, rows: Sequence[Row]) -> None:
    panel.set_xlim(0, max([row.share for row in rows]) or 1)
    panel.set_xticks([])
    panel.hlines(
        range(len(rows)), 0, [row.share for row in rows], colors=house.ACCENT, linewidth=_BAR, alpha=0.55, clip_on=False
    )


def _texts(drawn: Figure, rows: Sequence[Row], words: Words, form: _Form) -> dict[str, str]:
    """Write the texts, as stand-ins; what they stand for is returned."""
    height = form.top + form.row * len(rows) + _BOTTOM
    texts: dict[str, str] = {}

    def write(x: float, y: float, text: str, align: str, colour: str, weight: str = "normal") -> None:
        stand_in = f"text {len(texts)}"
        texts[stand_in] = text
        drawn.text(x / form.width, 1 - y / height, stand_in, ha=align, va="center", color=colour, fontweight=weight)

    write(form.effect[0], 10, words.effect, "left", house.SOFT)
    write(form.share[0], 10, words.share, "left", house.SOFT)
    widest = max([row.share for row in rows]) or 1
    for place, row in enumerate(rows):
        middle = form.top + form.row * (place + 0.5)
        x, y, align = form.label
        write(x, middle + y, _cut(row.label, form.letters), align, house.INK)
        x, y, align = form.shown
        write(x, middle + y, row.shown, align, row.colour, "bold")
        write(form.share[0] + form.share[1] * row.share / widest + 6, middle, row.share_shown, "left", house.SOFT)
    return texts


def _cut(label: str, letters: int) -> str:
    return label if len(label) <= letters else f"{label[: letters - 1].rstrip()}…"
