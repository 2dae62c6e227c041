import json

import numpy as np
import pandas as pd
import pytest

from millrace.analytics.domain.changes import find_changes, holm


def day(offset):
    return pd.Timestamp("2026-03-02", tz="UTC") + pd.Timedelta(days=offset)


def first(changes, metric):
    return next(point for point in changes.change_points if point.metric == metric)


@pytest.mark.parametrize(
    ("planted", "metric", "before", "after"),
    [
        ({"surge": 2.5}, "volume", 10, 25),
        ({"fit": 0.65}, "theme.fit", 0.2, 0.65),
        ({"fit": 0.55, "blame": 0.8}, "complaints.fit", 0.067, 0.44),
        ({"blame": 0.9}, "sentiment", 0.33, -0.8),
        ({"blame": 0.9}, "mean_stars5", 3.5, 1.8),
    ],
)
def test_a_change_is_dated_within_a_day(history, planted, metric, before, after):
    # given a change on day 41 in six batches
    close = 0
    for seed in range(6):
        found = find_changes(*history(seed, since=41, **planted))
        point = first(found, metric)
        close += abs((point.at - day(41)).days) <= 1

    # then
    assert close >= 5
    assert point.before.value == pytest.approx(before, rel=0.35, abs=0.06)
    assert point.after.value == pytest.approx(after, rel=0.35)
    assert point.difference.low <= point.after.value - point.before.value <= point.difference.high
    assert point.p_value < 0.02
    assert not [each for each in found.anomalies if each.metric == metric]


def test_nothing_happens(history):
    # given a dozen batches with a weekly rhythm and no more
    found = [find_changes(*history(100 + seed)) for seed in range(12)]

    # then at most one shows a change, and one a day that stands out
    assert sum(bool(each.change_points) for each in found) <= 1
    assert sum(bool(each.anomalies) for each in found) <= 1
    assert {(each.periods, each.metrics, each.note) for each in found} == {(60, 5, "")}


def test_slow_growth_is_no_change_on_any_day(history):
    # given a tenth of the records on the first day, and a steady rise
    kept = []
    for ratings in history(3, a_day=30):
        rng = np.random.default_rng(5)
        days = (ratings["created_at"] - day(0)).dt.days
        kept.append(ratings[rng.random(len(ratings)) < 0.1 + 0.9 * days / 60].reset_index(drop=True))

    assert find_changes(*kept).change_points == ()


def test_a_huge_day_is_an_anomaly_and_no_change(history):
    found = find_changes(*history(4, spikes={30: 150}))

    assert found.change_points == ()
    outlier = found.anomalies[0]
    assert (outlier.metric, outlier.at) == ("volume", day(30))
    assert outlier.value > 150
    assert outlier.expected == pytest.approx(8.5, abs=3)
    assert outlier.score > 10
    assert len(outlier.evidence) == 10


def test_a_bad_day_is_told_with_its_worst_records(history):
    # given a Tuesday on which all forty records give one star
    ratings, annotations = history(5, spikes={22: 30})
    bad = ratings["created_at"].dt.floor("D") == day(22)
    ratings.loc[bad, "raw"] = np.where(np.arange(bad.sum()) % 2, 1.0, 2.0)

    # when
    found = find_changes(ratings, annotations)

    # then
    outlier = next(each for each in found.anomalies if each.metric == "mean_stars5")
    worst = set(ratings.loc[bad & (ratings["raw"] == 1), "record_id"])
    assert (outlier.at, outlier.n) == (day(22), bad.sum())
    assert len(outlier.evidence) == 10
    assert set(outlier.evidence) <= worst


def test_the_evidence_of_a_rise_is_records_that_complain_of_it_since(history):
    ratings, annotations = history(6, since=41, fit=0.7, blame=0.8)

    point = first(find_changes(ratings, annotations), "complaints.fit")

    told = annotations.set_index("record_id").loc[list(point.evidence)]
    assert len(told) == 10
    assert all(themes == ["fit"] for themes in told["themes"])
    assert (told["sentiment"] < 0).all()
    assert told["created_at"].between(point.at, point.at + pd.Timedelta(days=5)).all()


def test_the_hourly_table_tells_volume(history):
    # given ratings of a tenth of what came in, which doubled
    ratings, annotations = history(7)
    everything = history(8, since=30, surge=2.0)[0]["created_at"].dt.floor("h")
    hourly = everything.value_counts().rename_axis("hour").reset_index(name="records").assign(backlog=0)

    # when
    found = find_changes(ratings[::10], annotations[:0], hourly)

    # then
    assert [(point.metric, abs((point.at - day(30)).days) <= 1) for point in found.change_points] == [("volume", True)]


def test_a_long_history_is_looked_at_by_week(history):
    found = find_changes(*history(9, days=400, a_day=3.0, since=200, surge=2.5))

    assert (found.periods, [point.metric for point in found.change_points]) == (58, ["volume"])
    assert abs((found.change_points[0].at - day(200)).days) <= 7
    assert found.change_points[0].before.value == pytest.approx(3.0, abs=0.4)


def test_the_order_of_the_input_changes_nothing(history):
    ratings, annotations = history(10, since=41, fit=0.6, blame=0.7, spikes={20: 60})
    turned = [each.sample(frac=1, random_state=1) for each in (ratings, annotations)]

    one, other = (find_changes(*each).model_dump(mode="json") for each in ((ratings, annotations), turned))

    assert json.dumps(one) == json.dumps(other)


def test_what_cannot_be_done_is_said(history, ratings, no_ratings, annotations):
    batch, units = history(11)
    nothing = annotations([[]], [0.5]).iloc[:0]
    undated = annotations([[]], [0.5])

    assert find_changes(no_ratings, nothing).note == "no dates in this batch"
    assert find_changes(ratings([3]), undated).note == "no dates in this batch"
    short = find_changes(ratings([3], at=[day(0)]), nothing)
    assert (short.periods, short.metrics, short.note) == (1, 0, "too few periods: 1 day, changes need 14")
    assert find_changes(batch.assign(raw=5.0), units).note == "Mean rating never varies"
    few = find_changes(ratings([3, 4], at=[day(0), day(1)]), nothing)
    assert few.note == "too few periods: 2 days, changes need 14"


def test_a_wrong_date_costs_one_record(history):
    ratings, annotations = history(12, since=41, surge=2.5)
    for frame in (ratings, annotations):
        frame.loc[5, "created_at"] = pd.Timestamp("2099-01-01", tz="UTC")

    found = find_changes(ratings, annotations)

    assert (found.periods, [point.metric for point in found.change_points]) == (60, ["volume"])
    assert found.note == "1 record left out: not dated between 2026-03-02 and 2026-04-30"


def test_holm():
    # the lowest counts for all tests, the next for one fewer, and none is below the one before it
    assert holm(np.array([0.03, 0.01, 0.011]), 5) == pytest.approx([0.09, 0.05, 0.05])
    assert len(holm(np.array([]), 3)) == 0
