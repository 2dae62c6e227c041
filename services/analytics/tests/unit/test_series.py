import numpy as np
import pandas as pd
import pytest

from millrace.analytics.domain.series import Kind, series, span_of, volume, weekday_factors


def times(*moments):
    return pd.Series(pd.to_datetime(list(moments), utc=True, format="ISO8601"))


def daily(days, start="2026-03-02"):
    return pd.Series(pd.date_range(start, periods=days, freq="D", tz="UTC"))


def test_days_are_counted_from_the_first_with_the_empty_ones():
    span = span_of([times("2026-03-02T23:59Z", "2026-03-05T00:00Z")])

    assert span is not None
    assert (span.unit, span.periods) == ("day", 4)
    assert list(span.positions(times("2026-03-04T12:00Z", None, "2026-03-01T23:00Z", "2026-03-06"))) == [2, -1, -1, -1]
    assert str(span.begin(3)) == "2026-03-05 00:00:00+00:00"


def test_a_long_span_is_weeks_from_monday_and_five_years_at_most():
    # given three thousand days from a Wednesday on
    moments = daily(3000, start="2020-01-01")

    # when
    half, all_of_it = span_of([moments[:200]]), span_of([moments])

    # then
    assert half is not None
    assert all_of_it is not None
    assert (half.unit, half.periods, str(half.begin(0))[:10]) == ("week", 29, "2019-12-30")
    assert (all_of_it.periods, half.outside(moments[:200])) == (261, [])
    assert all_of_it.outside(moments) == ["1,174 records left out: not dated between 2023-03-20 and 2028-03-19"]
    assert all_of_it.begin(0).weekday() == 0


def test_a_date_at_the_end_of_time_is_none():
    # given two records: neither is a stray beside the other
    moments = times("2026-03-02", "9999-12-31")

    span = span_of([moments])

    assert span is not None
    assert (span.periods, list(span.positions(moments))) == (1, [0, -1])
    assert span.outside(moments) == ["1 record left out: not dated between 2026-03-02 and 2026-03-02"]
    assert span_of([moments[1:]]) is None


def test_a_date_far_from_all_others_is_left_out():
    moments = pd.concat([daily(40), times("1970-01-01", "2099-12-31")])

    span = span_of([moments[:-1]])
    assert span is not None
    assert (str(span.first)[:10], span.periods) == ("2026-03-02", 40)

    # of 42 records one may be wrong, not two
    both = span_of([moments])
    assert both is not None
    assert both.unit == "week"


def test_nothing_is_dated():
    assert span_of([times(None, None)]) is None
    assert span_of([]) is None


def test_a_season_is_not_taken_from_a_change_of_level_or_a_huge_day():
    # given twice as many on Sundays, twice as many again from the fifth week on, and one enormous Wednesday
    weekdays = np.arange(56) % 7
    counts = np.where(weekdays == 6, 40.0, 20.0) * np.where(np.arange(56) < 28, 1, 2)
    counts[9] = 5_000

    # when
    factors = weekday_factors(counts, weekdays)

    # then
    assert factors[6] / factors[0] == pytest.approx(2.0, abs=0.25)
    assert factors[2] / factors[0] == pytest.approx(1.0, abs=0.2)


def test_volume_leaves_the_cut_ends_out():
    span = span_of([daily(20)])
    assert span is not None
    nobody = pd.DataFrame({"record_id": [], "position": [], "value": [], "weight": []})

    whole = volume(np.arange(20.0), nobody, span)

    assert whole is not None
    assert (list(whole.total), whole.offset) == (list(np.arange(1.0, 19.0)), 1)
    assert volume(np.ones(3), nobody, span) is None


def test_evidence_is_what_tells_most():
    records = pd.DataFrame(
        {
            "record_id": list("abcd"), "position": [0, 1, 1, 1], "value": [1.0, 1.0, 0.0, 1.0],
            "weight": [0.0, 0.2, 0.9, 0.5],
        }
    )  # fmt: skip

    shares = series("theme.fit", "Fit", Kind.SHARE, records, 2)
    means = series("sentiment", "Net sentiment", Kind.MEAN, records, 2)

    assert (shares.evidence([1, 0], 1, 3), shares.evidence([1], -1, 3)) == (("d", "b", "a"), ())
    assert (means.evidence([1], -1, 2), means.evidence([1], 1, 2)) == (("b", "d"), ("c", "d"))
