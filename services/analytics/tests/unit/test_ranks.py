import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from millrace.analytics.domain.ranks import rank_biserial, rank_test


def test_the_shared_ranking_gives_what_single_tests_give():
    random = np.random.default_rng(8)
    values, members = random.choice([1.0, 2, 3, 4, 5], 80), random.random((80, 3)) < 0.4

    single = [stats.mannwhitneyu(values[own], values[~own], method="asymptotic").pvalue for own in members.T]

    assert rank_test(values, members) == pytest.approx(single)


def test_effect_by_hand():
    # given a group {1, 3} against {2, 3, 3}: of six pairs none is won, four are lost, two are tied
    values, group = np.array([1.0, 3.0, 2.0, 3.0, 3.0]), np.array([True, True, False, False, False])

    value, low, high = rank_biserial(values, group[:, None])[0]

    # then: one win of (3, 2), three losses of 1, two ties
    assert value == pytest.approx((1 - 3) / 6)
    assert -1 < low < value < high < 1


def test_the_bound_lies_its_own_standard_errors_away():
    # given twenty ones against twenty twos: no pair is won
    values, group = np.repeat([1.0, 2.0], 20), np.repeat([True, False], 20)

    high = (rank_biserial(values, group[:, None])[0][2] + 1) / 2

    # then: t = 1.96 · √(t(1 - t)(1 + 19·((1 - t)/(2 - t) + t/(1 + t))) / 400)
    spread = 1 + 19 * ((1 - high) / (2 - high) + high / (1 + high))
    assert high == pytest.approx(1.959964 * np.sqrt(high * (1 - high) * spread / 400), abs=1e-6)
    assert 0.05 < high < 0.15


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=2, max_size=60))
def test_an_effect_lies_in_its_interval_and_turns_round_with_its_groups(rows):
    values, group = np.array([float(value) for value, _ in rows]), np.array([own for _, own in rows])
    if group.all() or not group.any():
        return

    found = rank_biserial(values, np.column_stack([group, ~group]))

    assert (found[:, 1] <= found[:, 0]).all()
    assert (found[:, 0] <= found[:, 2]).all()
    assert (np.abs(found) <= 1).all()
    assert found[0] == pytest.approx(-found[1][[0, 2, 1]], abs=1e-9)
