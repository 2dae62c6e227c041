import numpy as np
import pandas as pd
import pytest

from millrace.analytics.domain.trends import measure_trends


def daily(days, start="2026-03-02"):
    return pd.date_range(start, periods=days, freq="D", tz="UTC").repeat(2)


def levels(means):
    """Two ratings a day around each mean, so that every daily mean is exact."""
    return [rating for mean in means for rating in (mean - 0.5, mean + 0.5)]


def metric(trends, name):
    return next(trend for trend in trends.series if trend.metric == name)


@pytest.mark.parametrize(("slope", "direction"), [(0.1, "up"), (-0.1, "down"), (0.0, "flat")])
def test_a_steady_change_is_seen(ratings, slope, direction):
    # given twenty days, each 0.1 above, below or like the one before
    batch = ratings(levels([3 + slope * (day - 10) for day in range(20)]), at=daily(20))

    # when
    trend = metric(measure_trends(batch), "mean_stars5")

    # then
    assert trend.slope is not None
    assert (trend.direction, trend.period, len(trend.points)) == (direction, "day", 20)
    assert trend.slope.value == pytest.approx(slope)


def test_noise_is_unclear_not_flat(ratings):
    means = 3 + np.random.default_rng(1).normal(0, 0.5, 20)

    assert metric(measure_trends(ratings(levels(means), at=daily(20))), "mean_stars5").direction == "unclear"


def test_false_alarms_are_rare(ratings):
    # given a hundred batches in which nothing happens
    alarms = 0
    for seed in range(100):
        means = 3 + np.random.default_rng(seed).normal(0, 0.5, 30)
        trend = metric(measure_trends(ratings(levels(means), at=daily(30))), "mean_stars5")
        alarms += trend.direction in ("up", "down")

    # then about five of them look like a trend
    assert alarms <= 8


def test_a_long_span_is_told_by_week_from_monday(ratings):
    trends = measure_trends(ratings(levels([3 + 0.01 * day for day in range(140)]), at=daily(140)))

    trend = metric(trends, "mean_stars5")
    assert (trend.period, len(trend.points), trend.direction) == ("week", 20, "up")
    assert str(trend.points[1].at) == "2026-03-09 00:00:00+00:00"
    assert trend.slope is not None
    assert trend.slope.value == pytest.approx(0.07)


def test_volume_counts_empty_days_and_not_the_cut_ends(ratings):
    # given one record a day, none on the third, and a half-empty last day with nine
    days = pd.DatetimeIndex([*pd.date_range("2026-03-01", periods=20, tz="UTC")]).delete(2)
    batch = ratings([4] * 28, at=[*days, *[days[-1]] * 9])

    # when
    volume = metric(measure_trends(batch), "volume")

    # then
    assert [point.n for point in volume.points[:4]] == [1, 1, 0, 1]
    assert volume.slope is not None
    assert (volume.slope.value, volume.slope.n) == (0.0, 18)


def test_too_few_days_give_points_without_a_slope(ratings):
    trends = measure_trends(ratings(levels([1.5, 2.5, 3.5, 4.5]), at=daily(4)))

    assert trends.note == "too few periods: 4 days with ratings, a trend needs 14"
    assert [point.value for point in trends.series[0].points] == [1.5, 2.5, 3.5, 4.5]
    assert (trends.series[0].slope, trends.series[0].direction) == (None, "unclear")


def test_sparse_days_are_told_by_week(ratings):
    # given one record a week, nine times
    at = pd.date_range("2026-01-05", periods=9, freq="7D", tz="UTC")

    assert measure_trends(ratings([1, 1, 2, 2, 3, 3, 4, 4, 5], at=at)).series[0].direction == "up"


def test_no_dates(ratings, no_ratings):
    for batch in (ratings([1, 2, 3]), no_ratings):
        trends = measure_trends(batch)
        assert (trends.series, trends.note) == ((), "no dates in this batch")
