import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.analytics.domain import estimates
from millrace.contracts.insights import Estimate


def bounds(number):
    return pytest.approx((number.low, number.high), abs=1e-5)


def test_share_is_wilsons_interval():
    # (8 + z²/2 ± z·√(8·2/10 + z²/4)) / (10 + z²) with z = 1.96
    found = estimates.share(8, 10)

    assert found.value == 0.8
    assert bounds(found) == (0.490162, 0.943318)
    assert (found.n, found.method) == (10, "wilson")


def test_share_of_none_is_no_negative_number():
    assert str(estimates.share(0, 10).low) == "0.0"


def test_mean_is_cut_at_the_end_of_its_scale():
    # sd 1, t(2) = 4.302653, half width 2.484138
    found = estimates.mean(np.array([3.0, 4.0, 5.0]), (1, 5))

    assert found.method == "t"
    assert bounds(found) == (1.515862, 5.0)


@pytest.mark.parametrize(("n", "low"), [(1, 1.826197), (40, 4.649516)])
def test_mean_of_equal_ratings_keeps_an_honest_width(n, low):
    # Wilson's lower bound of n out of n is n / (n + z²), on 1 to 5
    found = estimates.mean(np.full(n, 5.0), (1, 5))

    assert (found.value, found.method, found.n) == (5.0, "wilson", n)
    assert bounds(found) == (low, 5.0)


def test_mean_of_a_two_point_scale_is_a_proportion():
    found = estimates.mean(np.array([1.0] * 8 + [0.0] * 2), (0, 1))

    assert bounds(found) == (0.490162, 0.943318)


def test_net_adds_one_to_both_counts():
    # 5 of 10 up, 3 down: 6/12 - 4/12 ± 1.96·√((10/12 - (2/12)²) / 12) = 0.166667 ± 0.507809, in points
    found = estimates.net(5, 3, 10, scale=100)

    assert found.value == 20.0
    assert (found.low, found.high) == pytest.approx((-34.1142, 67.4476), abs=1e-3)


def test_net_of_one_voice_is_nearly_unknown():
    found = estimates.net(1, 0, 1)

    assert found.value == 1.0
    assert found.low < 0


def test_effective_size_of_doubled_values():
    # given ten clusters of two equal values: nearly ten independent ones
    values = np.repeat([1.0, -1.0] * 5, 2)

    # cluster sums are ±2: 40 / 400 · 10/9 against 1/20
    assert estimates.effective_size(values, np.repeat(np.arange(10), 2)) == pytest.approx(9.0)


def test_effective_size_of_equal_values_is_the_number_of_clusters():
    assert estimates.effective_size(np.ones(12), np.repeat(np.arange(3), 4)) == 3.0


def test_median_lies_between_order_statistics():
    # P(Binomial(10, ½) ≤ 1) = 0.0107: the second lowest and the second highest
    found = estimates.median(np.arange(10.0, 0.0, -1))

    assert found is not None
    assert (found.value, found.low, found.high) == (5.5, 2.0, 9.0)


def test_median_of_five_is_not_told():
    assert estimates.median(np.arange(5.0)) is None


def test_a_high_percentile_needs_more_values():
    # 0.9^35 = 0.0250 is just too much, 0.9^36 = 0.0225 is not
    assert estimates.quantile(np.arange(35.0), 0.9) is None

    found = estimates.quantile(np.arange(36.0), 0.9)

    # P(Binomial(36, 0.9) < 29) = 0.0245: the 29th and the highest
    assert found is not None
    assert (found.value, found.low, found.high) == (31.5, 28.0, 35.0)


def test_quantiles_cover_as_often_as_they_say():
    random = np.random.default_rng(11)
    found = [estimates.quantile(random.exponential(1.0, 60), 0.9) for _ in range(400)]

    assert np.mean([each.low <= np.log(10) <= each.high for each in found]) >= 0.93


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_a_count_lies_in_its_interval(counts):
    found = estimates.count_mean(np.array(counts, dtype=float))

    assert 0 <= found.low <= found.value < found.high


@settings(deadline=None)
@given(st.integers(1, 400), st.data())
def test_shares_lie_in_their_interval(n, data):
    count = data.draw(st.integers(0, n))

    for found in (estimates.share(count, n), estimates.net(count, n - count, n)):
        assert found.low <= found.value <= found.high
        assert found.high - found.low > 0


def test_difference_recovers_the_interval_from_both():
    one = Estimate(value=4.0, low=3.5, high=4.4, n=30)
    other = Estimate(value=3.0, low=2.7, high=3.4, n=70)

    # 1 - √(0.5² + 0.4²) and 1 + √(0.4² + 0.3²)
    assert bounds(estimates.difference(one, other)) == (0.359688, 1.5)


def effect(z):
    return Estimate(value=z, low=z - estimates.Z, high=z + estimates.Z, n=100)


def test_significance_is_corrected_for_how_many_were_looked_at():
    # p = 0.0278 and 0.0455 would stand alone; among three, 3·0.0278 and 3/2·0.0455 do not
    assert estimates.significant([effect(2.2)]) == [True]
    assert estimates.significant([effect(2.2), effect(2.0), effect(0.5)]) == [False, False, False]
    assert estimates.significant([effect(3.0), effect(-3.0), effect(0.5)]) == [True, True, False]
    assert estimates.significant([]) == []
