from datetime import UTC, datetime

import pytest

from millrace.analytics.domain.alerts import alerts
from millrace.analytics.domain.headline import headline
from millrace.analytics.domain.insights import Insights
from millrace.contracts.insights import (
    Anomaly,
    ChangePoint,
    Changes,
    Emerging,
    EmergingTheme,
    Estimate,
    Quote,
    Risks,
    Trend,
    Trends,
)


def day(number):
    return datetime(2026, 3, number, tzinfo=UTC)


def number(value, n=100):
    return Estimate(value=value, low=value - 0.1, high=value + 0.1, n=n)


def point(metric, label, before, after, at=14, p_value=0.0004):
    return ChangePoint(
        metric=metric, label=label, at=day(at), before=number(before, 300), after=number(after),
        difference=number(after - before, 400), p_value=p_value, evidence=("r-1",),
    )  # fmt: skip


RISING = EmergingTheme(
    id="charger", label="Charging cable", kind="phrase", recent=14, before=0, ratio=number(6.2), p_value=0.002,
    quotes=(Quote(record_id="r-9", text="..."),),
)  # fmt: skip
ODD = Anomaly(metric="volume", label="Volume", at=day(20), value=90, expected=30.2, score=7.1, n=90)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            point("theme.delivery", "Delivery", 0.12, 0.31),
            "Mentions of Delivery rose on 14 March 2026: 12 % of the records before, 31 % of the records since "
            "(p < 0.001, n=400)",
        ),
        (
            point("mean_stars5", "Mean rating", 4.3, 3.8, p_value=0.01),
            "Mean rating fell on 14 March 2026: 4.30 before, 3.80 since (p = 0.010, n=400)",
        ),
        (
            point("volume", "Volume", 21.04, 33),
            "Volume rose on 14 March 2026: 21 records a day before, 33 records a day since (p < 0.001, n=400)",
        ),
    ],
)
def test_a_change_for_the_worse_is_told_with_its_day_and_levels(change, text):
    # when
    told = alerts(Insights(changes=Changes(change_points=(change,))))
    # then
    assert [(alert.kind, alert.text) for alert in told] == [("change_point", text)]


def test_a_change_for_the_better_is_a_finding_but_no_alert():
    # given
    found = Insights(changes=Changes(change_points=(point("sentiment", "Net sentiment", -0.2, 0.1),)))
    # then
    assert alerts(found) == ()
    assert headline(found)[0].text.startswith("Net sentiment rose on 14 March 2026: -0.20 before, +0.10 since")


def test_a_change_takes_the_place_of_the_trend():
    # given
    trend = Trend(metric="mean_stars5", period="day", points=(), slope=number(-0.1), direction="down")
    found = Insights(changes=Changes(change_points=(point("volume", "Volume", 9, 3),)), trends=Trends(series=(trend,)))
    # then
    assert [finding.metric for finding in headline(found)] == ["change_points.volume"]


def test_the_latest_change_comes_first_and_odd_days_last():
    # given
    points = (point("volume", "Volume", 20, 40, at=3), point("theme.fit", "Fit", 0.1, 0.2, at=9, p_value=0.04))
    found = Insights(
        changes=Changes(change_points=points, anomalies=(ODD,)), emerging=Emerging(themes=(RISING,)),
        risks=Risks(customers=210, high=3),
    )  # fmt: skip
    # when
    told = alerts(found)
    # then
    assert [alert.metric for alert in told] == [
        "change_points.theme.fit", "change_points.volume", "emerging.charger.ratio", "risks.high", "anomalies.volume",
    ]  # fmt: skip
    assert told[2].text.startswith(
        "On the rise: Charging cable, in 14 conversations of late and never before (6.2 times"
    )
    assert told[3].text == "3 customers of 210 may leave: see the reasons of each"
    assert told[4].text == "Volume stood out on 20 March 2026: 90 where 30.2 was to be expected"


def test_one_matter_is_told_once():
    # given
    points = (point("complaints.fit", "Complaints about Fit", 0.1, 0.2), point("theme.fit", "Fit", 0.2, 0.4))
    rising = RISING.model_copy(update={"id": "fit", "kind": "theme"})
    found = Insights(changes=Changes(change_points=points), emerging=Emerging(themes=(rising,)))
    # then
    assert [alert.metric for alert in alerts(found)] == ["change_points.complaints.fit"]
    assert [finding.metric for finding in headline(found)] == ["change_points.complaints.fit"]


def test_nothing_found_is_no_alert():
    assert alerts(Insights(changes=Changes(), emerging=Emerging(), risks=Risks(customers=40))) == ()
