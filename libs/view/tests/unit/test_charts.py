"""Charts: SVG that may stand in a page, many to a page, the same for the same data."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import matplotlib as mpl
import pytest

from millrace.view.charts.effects import Row, Words, effects
from millrace.view.charts.series import Band, Level, Series, series

BEGIN = datetime(2025, 3, 3, tzinfo=UTC)
WORDS = Words(title="Effects", effect="Effect", share="Share", write=lambda value: f"{value:+.1f}")


def row(label: str = "Fit", value: float = -0.3) -> Row:
    return Row(
        label=label, value=value, low=value - 0.1, high=value + 0.1, shown=f"{value:+.1f}", share=0.2,
        share_shown="20 %",
    )  # fmt: skip


def given(days: int, **more) -> Series:
    points = [(BEGIN + timedelta(days=day), 4 + day % 3 / 10) for day in range(days)]
    return Series(
        title="Mean <rating>", points=points, write=lambda value: f"{value:.1f}", tick=lambda at: f"{at:%d.%m.}",
        **more,
    )  # fmt: skip


def full() -> Series:
    return given(
        30, line=((BEGIN, 4.0), (BEGIN + timedelta(days=29), 4.2)), breaks=[BEGIN + timedelta(days=9)],
        levels=[Level(begin=BEGIN, end=BEGIN + timedelta(days=9), value=4.1)], marks=[(BEGIN + timedelta(days=4), 4.1)],
        ahead=[Band(at=BEGIN + timedelta(days=30 + day), value=4, low=3.8, high=4.3) for day in range(7)],
    )  # fmt: skip


def ids(svg: str) -> list[str]:
    return re.findall(r'\bid="([^"]+)"', svg)


def test_the_same_data_give_the_same_bytes():
    assert series(full(), "a") == series(full(), "a")
    assert effects([row()], WORDS, "a") == effects([row()], WORDS, "a")


def test_two_charts_share_no_ids_and_refer_to_their_own():
    # given
    charts = [series(full(), "a"), series(full(), "b"), *effects([row(), row(value=0.4)], WORDS, "c")]
    # then
    found = [each for chart in charts for each in ids(chart)]
    assert len(found) == len(set(found))
    for chart in charts:
        referred = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)|aria-labelledby="([^"]+)"', chart)
        assert referred
        assert {name for names in referred for name in names if name} <= set(ids(chart))


def test_a_chart_is_an_image_with_a_title():
    root = ElementTree.fromstring(series(full(), "a"))  # noqa: S314 - ours
    assert root.get("role") == "img"
    assert root[0].tag == "title"
    assert root[0].text == "Mean <rating>"
    assert root.get("aria-labelledby") == root[0].get("id")


def test_colours_and_fonts_are_the_pages():
    for chart in (series(full(), "a"), *effects([row(), row(value=0.4)], WORDS, "c")):
        assert set(re.findall(r"#[0-9a-f]{6}\b", chart)) == set()
        assert "var(--accent)" in chart
        assert "font-family" not in chart
        assert "http" not in chart


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "日本語", "שלום", "$\\frac{1}{2}$", "😀", "text 1"])
def test_any_label_is_written_as_it_is(label):
    # Labels are no business of the font that matplotlib measures with: a missing glyph would warn, mathematics raise.
    wide, _ = effects([row(label), row("other")], WORDS, "c")
    texts = [element.text for element in ElementTree.fromstring(wide).iter("text")]  # noqa: S314 - ours
    assert texts.count(label if len(label) <= 28 else f"{label[:27]}…") == 1


def test_an_interval_that_holds_zero_has_no_side():
    charts = [effects([row(value=value)], WORDS, "c")[0] for value in (-0.3, 0.05, 0.3)]
    assert ["var(--low)" in chart for chart in charts] == [True, False, False]
    assert ["var(--high)" in chart for chart in charts] == [False, False, True]


@pytest.mark.parametrize(
    "drawn",
    [
        given(1),
        given(2),
        given(400),
        given(3, from_zero=True),
        given(0, ahead=[Band(at=BEGIN, value=1, low=1, high=1)]),
    ],
    ids=["one point", "two", "many", "counts", "future only"],
)
def test_a_series_of_any_length_is_drawn(drawn):
    assert series(drawn, "a").startswith("<svg")


def test_equal_values_are_drawn():
    flat = Series(title="x", points=[(BEGIN, 0.0), (BEGIN + timedelta(days=1), 0.0)], write=str, tick=str)
    assert "nan" not in series(flat, "a")
    assert "nan" not in effects([row(value=0.0)], WORDS, "b")[0]


def test_drawing_leaves_the_processs_style_alone():
    before = dict(mpl.rcParams)
    series(full(), "a")
    assert dict(mpl.rcParams) == before
