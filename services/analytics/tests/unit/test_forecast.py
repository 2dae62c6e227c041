import numpy as np
import pandas as pd
import pytest

from millrace.analytics.domain.forecast import make_forecasts
from millrace.analytics.domain.forecasters import (
    methods,
    seasonal_naive,
    tamed,
    weekday_line,
    weekday_mean,
)

WEEK = [5.0, 4.0, 4.0, 4.0, 5.0, 9.0, 11.0]


def day(offset):
    return pd.Timestamp("2026-03-02", tz="UTC") + pd.Timedelta(days=offset)


def metric(forecasts, name):
    return next(each for each in forecasts.series if each.metric == name)


def test_each_method_repeats_a_steady_week():
    past = np.array(WEEK * 9)

    for name, method in {"naive": seasonal_naive, **methods(past)}.items():
        assert method(past, 10) == pytest.approx([*WEEK, *WEEK[:3]], abs=0.01), name


def test_a_line_goes_on_and_a_mean_looks_back():
    past = np.array(WEEK * 8) + 0.5 * np.arange(56)

    assert weekday_line(past, 7) == pytest.approx(np.array(WEEK) + 0.5 * np.arange(56, 63))
    assert weekday_mean(past, 7, weeks=1) == pytest.approx(seasonal_naive(past, 7))
    assert weekday_mean(past, 7, weeks=3) == pytest.approx(seasonal_naive(past, 7) - 3.5)


def test_spikes_are_cut_and_quiet_series_left_alone():
    assert max(tamed(np.array([*WEEK, 500.0]))) < 20
    assert list(tamed(np.array([3.0, 3.0, 3.0, 9.0]))) == [3, 3, 3, 9]


def test_a_week_ahead_from_the_day_after_the_last(history):
    ratings, _ = history(1, days=70)

    volume = metric(make_forecasts(ratings), "volume")

    assert [point.at for point in volume.points] == [day(70 + i).to_pydatetime() for i in range(7)]
    assert all(0 <= point.low < point.value < point.high for point in volume.points)
    assert volume.points[5].value > volume.points[2].value, "weekends are busier"
    assert (volume.period, volume.level, volume.tested) == ("day", 0.8, 7 * 14)
    assert volume.error < volume.naive_error
    assert volume.method != "seasonal-naive"
    assert 0.7 <= volume.covered <= 0.9


def test_the_naive_forecast_is_used_unless_beaten(ratings):
    # given weekdays that each go their own way by chance, from where they were a week ago
    rng = np.random.default_rng(2)
    counts = np.round(40 * np.exp(np.cumsum(rng.normal(0, 0.5, (12, 7)), axis=0))).astype(int).ravel()
    at = day(0) + pd.to_timedelta(np.repeat(np.arange(84), counts), "D")

    # when
    volume = metric(make_forecasts(ratings(np.full(len(at), 3), at=at)), "volume")

    # then
    assert volume.method == "seasonal-naive"
    assert volume.error == volume.naive_error
    assert [point.value for point in volume.points] == [*counts[-7:-1], counts[-8]]


def test_four_in_five_days_fall_into_their_intervals(history):
    # given the next week of a dozen batches
    inside = {"volume": [], "mean_stars5": []}
    for seed in range(12):
        ratings, _ = history(seed, days=78)
        past = ratings[ratings["created_at"] < day(70) + pd.Timedelta(hours=15)]
        coming = ratings.groupby(ratings["created_at"].dt.floor("D"))["raw"].agg(["size", "mean"])
        for forecast in make_forecasts(past).series:
            column = "size" if forecast.metric == "volume" else "mean"
            inside[forecast.metric] += [
                point.low <= coming.loc[pd.Timestamp(point.at), column] <= point.high for point in forecast.points
            ]

    # then
    for metric_, hits in inside.items():
        assert 0.7 <= np.mean(hits) <= 0.9, metric_


def test_a_rating_stays_on_its_scale(history):
    ratings, _ = history(2, blame=0.0)

    rating = metric(make_forecasts(ratings), "mean_stars5")

    assert all(1 <= point.low <= point.value <= point.high <= 5 for point in rating.points)


def test_days_without_ratings_are_filled_not_scored(history):
    # given ratings on working days only
    ratings, _ = history(3, days=70)
    ratings = ratings[ratings["created_at"].dt.day_of_week < 5]

    found = make_forecasts(ratings)

    assert metric(found, "mean_stars5").tested < metric(found, "volume").tested
    assert [point.value for point in metric(found, "volume").points[:2]] == [0, 0], "a Saturday and a Sunday"


def test_a_huge_day_is_not_expected_again(history):
    ratings, _ = history(4, days=70, spikes={44: 400})

    assert max(point.value for point in metric(make_forecasts(ratings), "volume").points) < 30


def test_a_pause_before_the_last_days_leaves_too_little_to_judge_by(ratings):
    # given two months with ratings, a pause, and one day or two
    for last in ([115], [115, 116]):
        at = [day(each) for each in [*range(60), *last]]
        # when
        found = make_forecasts(ratings([1 + i % 5 for i in range(len(at))], at=at))
        # then
        assert [each.metric for each in found.series] == ["volume"]
        assert found.note == f"too few ratings by day: {len(last)} of the last 16 days have any"


def test_what_cannot_be_done_is_said(history, ratings, no_ratings):
    batch, _ = history(5)
    hourly = batch["created_at"].dt.floor("h").value_counts().rename_axis("hour").reset_index(name="records")

    assert make_forecasts(no_ratings).note == "no dates in this batch"
    assert make_forecasts(ratings([1])).note == "no dates in this batch"
    short = make_forecasts(ratings([1], at=[day(0)]))
    assert (short.series, short.note) == ((), "too little history: 1 day, a forecast needs 28 whole ones")
    assert make_forecasts(batch.assign(raw=4.0)).note == "all ratings are the same"
    unrated = make_forecasts(no_ratings, hourly)
    assert ([each.metric for each in unrated.series], unrated.note) == (["volume"], "no dated ratings")
    sparse = make_forecasts(batch[::40], hourly)
    assert sparse.note.startswith("too few ratings by day: ")
