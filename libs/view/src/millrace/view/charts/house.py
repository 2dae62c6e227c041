"""The house style, and the way from a figure to SVG that may stand in a page.

matplotlib writes pages of its own kind: with ids that clash when two of them share a page, colours that know no dark
mode, a font of its own and six decimals. What is needed here is taken over element by element.
"""

import io
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, cast
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, SOFT, LINE, ACCENT, LOW, HIGH, WASH, PAPER = (f"#01010{number}" for number in range(1, 9))
"""Stand-ins: each becomes the page's colour of that name, which the style sheet sets for light and dark."""

STYLE: Final[dict[str, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "millrace",
    "text.parse_math": False,
    "path.simplify": False,
    "font.family": ["DejaVu Sans"],
    "font.size": 12.0,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.linewidth": 1.0,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "grid.color": LINE,
    "grid.linewidth": 1.0,
    "xtick.color": LINE,
    "xtick.labelcolor": SOFT,
    "xtick.major.size": 0.0,
    "xtick.major.pad": 6.0,
    "ytick.labelcolor": SOFT,
    "ytick.major.size": 0.0,
    "ytick.major.pad": 6.0,
    "lines.solid_capstyle": "round",
}
"""Widths and sizes are CSS pixels: a figure has 72 of its points to the inch, and one point is drawn as one pixel."""

_COLOURS = {
    INK: "var(--ink)", SOFT: "var(--soft)", LINE: "var(--line)", ACCENT: "var(--accent)", LOW: "var(--low)",
    HIGH: "var(--high)", WASH: "var(--wash)", PAPER: "var(--paper)",
}  # fmt: skip
_COLOUR = re.compile("|".join(_COLOURS))
_DECIMALS = re.compile(r"-?\d+\.\d+")
_FONT_FAMILY = re.compile(r"font-family: [^;]*;? ?")
_STILL = re.compile(r"\s*rotate\(-?0 [^)]*\)")
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMERIC = ("d", "x", "y", "transform", "viewBox", "width", "height")


def figure(width: float, height: float) -> Figure:
    """An empty figure of this size in pixels."""
    return Figure(figsize=(width / 72, height / 72), dpi=72)


def axes(parent: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at this place, in pixels from the figure's upper left corner."""
    whole_width, whole_height = parent.get_size_inches() * 72
    bottom = whole_height - top - height
    return parent.add_axes((left / whole_width, bottom / whole_height, width / whole_width, height / whole_height))


def svg(drawn: Figure, name: str, title: str, labels: Mapping[str, str] | None = None) -> str:
    """The figure as an `<svg>` element for the page.

    `name` goes before every id and has to be unique in the page. `labels` holds texts by the stand-ins that were drawn
    for them: what is not ASCII would be measured in a font that lacks it.
    """
    with io.StringIO() as written:
        FigureCanvasSVG(drawn).print_svg(written, metadata={"Date": None})  # type: ignore[no-untyped-call]
        root = ElementTree.fromstring(written.getvalue())  # noqa: S314 - written by matplotlib just now
    _strip(root)
    _rename(root, name)
    for element in root.iter():
        _tidy(element, labels or {})
    _describe(root, name, title)
    return ElementTree.tostring(root, encoding="unicode")


def drawing() -> AbstractContextManager[None]:
    """The house style for as long as a figure is built and written. It is global to the process."""
    return mpl.rc_context(cast("Any", STYLE))


def _strip(root: ElementTree.Element) -> None:
    """Without what the page has no use for: metadata, style sheet, groups that only carry an id."""
    for parent in list(root.iter()):
        for child in list(parent):
            empty = child.tag == f"{_SVG}defs" and not [each for each in child if each.tag != f"{_SVG}style"]
            if child.tag == f"{_SVG}metadata" or empty:
                parent.remove(child)


def _rename(root: ElementTree.Element, name: str) -> None:
    """Ids that are referred to get the figure's name; the others go."""
    texts = [value for element in root.iter() for value in element.attrib.values()]
    used = {found for text in texts for found in re.findall(r"url\(#([^)]+)\)", text)}
    used |= {value[1:] for element in root.iter() if (value := element.get(_HREF, "")).startswith("#")}
    for element in root.iter():
        if element.get("id") in used:
            element.set("id", f"{name}-{element.get('id')}")
        else:
            element.attrib.pop("id", None)
        for key, value in list(element.attrib.items()):
            if key == _HREF:
                del element.attrib[key]
                element.set("href", f"#{name}-{value[1:]}")
            elif "url(#" in value:
                element.set(key, value.replace("url(#", f"url(#{name}-"))


def _tidy(element: ElementTree.Element, labels: Mapping[str, str]) -> None:
    """Colours of the page, its font, two decimals, and the real text instead of its stand-in."""
    for key in _NUMERIC:
        if key in element.attrib:
            element.set(key, _STILL.sub("", _DECIMALS.sub(_short, " ".join(element.attrib[key].split()))))
    if not element.get("transform", "-"):
        del element.attrib["transform"]
    if "style" in element.attrib:
        style = _FONT_FAMILY.sub("", element.attrib["style"])
        element.set("style", _COLOUR.sub(lambda found: _COLOURS[found[0]], style))
    element.tail = None
    element.text = labels.get(element.text or "", element.text) if element.tag == f"{_SVG}text" else None
    # A page needs no namespaces: its parser knows what stands in an `<svg>`.
    element.tag = element.tag.removeprefix(_SVG)


def _short(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def _describe(root: ElementTree.Element, name: str, title: str) -> None:
    """A role, a title for those who do not see it, and a size that follows the column."""
    width = root.get("viewBox", "0 0 0 0").split()[2]
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title")
    root.set("style", f"max-width:{1.15 * float(width):.0f}px")
    spoken = ElementTree.Element("title", {"id": f"{name}-title"})
    spoken.text = title
    root.insert(0, spoken)
