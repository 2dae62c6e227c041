import pytest

from millrace.analytics.domain.headline import headline
from millrace.analytics.domain.insights import Insights
from millrace.analytics.domain.kpis import measure_kpis
from millrace.analytics.domain.words import percent
from millrace.contracts.insights import (
    Driver,
    Drivers,
    Estimate,
    Quote,
    Segments,
    SegmentScore,
    Theme,
    ThemeImpacts,
    Topic,
    Topics,
    Trend,
    Trends,
)
from millrace.contracts.records import Scale


def number(value, low, high, n=100):
    return Estimate(value=value, low=low, high=high, n=n)


def theme(name, impact, sentiment=(0.1, 0.0, 0.2)):
    return Theme(
        id=name, label=name.capitalize(), records=100, share=number(0.1, 0.08, 0.12), sentiment=number(*sentiment),
        impact=number(*impact) if impact else None, quotes=(Quote(record_id=f"r-{name}", text="..."),),
    )  # fmt: skip


def impacts(*themes, kind="stars5"):
    overall = number(4.18, 4.11, 4.25, 1000) if kind else None
    return ThemeImpacts(kind=kind, overall=overall, sentiment=number(0.2, 0.1, 0.3), themes=themes)


def texts(**found):
    return [finding.text for finding in headline(Insights(**found))]


@pytest.mark.parametrize(
    ("raw", "scale", "text"),
    [
        ([3, 4, 5, 5], Scale.STARS5, "Mean rating 4.25 of 5 (2.73 to 5.00, n=4); 50 % gave 5 stars"),
        ([1] * 8 + [0] * 2, Scale.BINARY, "Share that liked it 80.0 % (49.0 % to 94.3 %, n=10)"),
        ([10, 10, 9, 9, 9, 8, 7, 6, 3, 0], Scale.NPS, "NPS +20 (-34 to +67, n=10); 50 % are promoters"),
    ],
)
def test_the_level_comes_first(ratings, raw, scale, text):
    assert texts(kpis=measure_kpis(ratings(raw, scale))) == [text]


def test_drag_and_lift_with_their_evidence():
    moving = impacts(theme("fit", (-0.13, -0.17, -0.08)), theme("price", (0.1, 0.07, 0.13)))
    found = headline(Insights(impact=moving))

    _, drag, lift = found
    assert drag.text == (
        "Fit pulls the score down most: without the 100 records that mention it the mean rating would be 4.31 "
        "instead of 4.18 (+0.13; +0.08 to +0.17)"
    )
    assert (drag.metric, drag.n, drag.evidence) == ("themes.fit.impact", 100, ("r-fit",))
    assert drag.estimate == number(-0.13, -0.17, -0.08)
    assert lift.text.startswith("Price lifts the score most: without the 100 records that mention it the mean rating")


def test_what_is_not_significant_is_said_to_be_so():
    assert texts(impact=impacts(theme("fit", (-0.03, -0.08, 0.02))))[1] == (
        "No theme moves the score measurably; the largest difference is that of Fit "
        "(-0.03; -0.08 to +0.02, 100 records)"
    )


def test_one_lucky_theme_of_many_is_no_finding():
    # given an interval that just leaves out zero, among ten that do not
    many = impacts(theme("a", (-0.1, -0.199, -0.001)), *(theme(f"t{i}", (0.0, -0.1, 0.1)) for i in range(10)))

    assert texts(impact=many)[1].startswith("No theme moves the score measurably")


def test_shares_are_told_in_points():
    found = impacts(theme("waiting", (-0.019, -0.027, -0.012)), kind="binary").model_copy(
        update={"overall": number(0.5, 0.47, 0.53)}
    )

    assert texts(impact=found)[1].endswith(
        "the share that liked it would be 51.9 % instead of 50.0 % (+1.9 points; +1.2 to +2.7)"
    )


def test_without_ratings_tone_and_complaint_lead():
    found = impacts(theme("style", None), theme("fit", None, (-0.4, -0.5, -0.3)), kind="")

    assert texts(impact=found) == [
        "The tone is on balance positive: net sentiment +0.20 (+0.10 to +0.30, n=100 sentences)",
        "Fit is the weightiest complaint: 10 % of the records mention it (n=100), with a net sentiment of -0.40 "
        "(-0.50 to -0.30)",
    ]


def segment(value, difference, p_value, n=100):
    return SegmentScore(
        name="Department", value=value, mean=number(4.18 + difference[0], 4, 5, n), difference=number(*difference, n),
        p_value=p_value,
    )  # fmt: skip


def test_the_segment_that_costs_most_is_told():
    # given a large one a little below, a small one far below, and one that is not significant
    found = Segments(
        kind="stars5",
        segments=(
            segment("Tops", (-0.12, -0.2, -0.04), 0.01, 489),
            segment("Swim", (-0.5, -0.9, -0.1), 0.02, 20),
            segment("Suits", (-0.6, -1.2, 0.01), 0.04, 200),
        ),
    )

    assert texts(segments=found) == [
        "Department: Tops scores below the rest, 4.06 against 4.18 (-0.12; -0.20 to -0.04, n=489)"
    ]


def test_a_segment_above_says_that_none_is_below():
    found = Segments(kind="stars5", segments=(segment("Jackets", (0.4, 0.2, 0.6), 0.01),))

    assert texts(segments=found)[0].endswith("; no segment scores measurably below")
    assert texts(segments=Segments(kind="stars5", segments=(segment("Tops", (-0.1, -0.3, 0.1), 0.3),))) == []


def test_a_driver_is_not_told_twice():
    effect = number(-1.06, -1.34, -0.77)
    returns = Driver(feature="returns", kind="theme", label="Returns", effect=effect, importance=0.1, n=72)
    drivers = Drivers(kind="stars5", drivers=(returns,))

    found = headline(
        Insights(impact=impacts(theme("fit", (-0.13, -0.17, -0.08)), theme("returns", None)), drivers=drivers)
    )
    assert found[2].text == (
        "Returns goes most closely with a lower score, other things equal (-1.06; -1.34 to -0.77, n=72)"
    )
    assert found[2].evidence == ("r-returns",)
    told = texts(impact=impacts(theme("returns", (-0.13, -0.17, -0.08))), drivers=drivers)
    assert [text.split()[0] for text in told] == ["The", "Returns"]


def test_a_trend_needs_a_direction(ratings):
    slope, points = number(-0.02, -0.03, -0.01), ({"at": "2026-01-05T00:00Z", "value": 4, "n": 9},) * 1
    points += ({"at": "2026-05-25T00:00Z", "value": 3.6, "n": 11},)
    trend = Trend(metric="mean_stars5", period="week", points=points, slope=slope, p_value=0.003, direction="down")
    kpis = measure_kpis(ratings([3, 4, 5, 5]))

    assert texts(kpis=kpis, trends=Trends(series=(trend,)))[1] == (
        "Mean rating fell by about 0.4 over 20 weeks (-0.02 a week, -0.03 to -0.01, p = 0.003, n=20)"
    )
    assert len(texts(kpis=kpis, trends=Trends(series=(trend.model_copy(update={"direction": "unclear"}),)))) == 1


def test_the_biggest_topic(ratings):
    topics = [
        Topic(id=f"t{units}", label=f"zip {units}", terms=("zip",), units=units, share=units / 100, sentiment=0)
        for units in (20, 80)
    ]

    assert texts(topics=Topics(topics=tuple(topics), units=1000)) == [
        "The biggest topic outside the taxonomy is zip 80: 8.0 % of the sentences (6.5 % to 9.8 %, 80 of 1,000)"
    ]


@pytest.mark.parametrize(("value", "text"), [(0.0, "0 %"), (0.042, "4.2 %"), (0.0996, "10 %"), (0.555, "56 %")])
def test_percent(value, text):
    assert percent(value) == text
