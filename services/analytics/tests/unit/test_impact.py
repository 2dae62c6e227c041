import numpy as np
import pytest

from millrace.analytics.domain.bootstrap import resample
from millrace.analytics.domain.impact import leave_out, measure_impact
from millrace.contracts.records import Scale

FORTY = [1] * 10 + [3] * 10 + [4] * 10 + [5] * 10
"""Ratings of forty records, of which the first twenty mention the fit."""
FIT = [["fit"]] * 20 + [[]] * 20
TONE = [-0.6] * 15 + [0.6] * 5 + [0.6] * 20


def test_forty_records_by_hand(ratings, annotations):
    found = measure_impact(ratings(FORTY), annotations(FIT, TONE))

    # then: 130 / 40 less (40 + 50) / 20, with s² = 2.5² · ¼ / 40 + ¼ · (1 + ¼) / 20 by the delta method;
    # five positive less fifteen negative of twenty
    (theme,) = found.themes
    assert (found.kind, found.overall.value) == ("stars5", 3.25)
    assert theme.impact.value == -1.25
    assert (theme.impact.low, theme.impact.high) == pytest.approx((-1.708, -0.792), abs=0.06)
    assert theme.score_with.value == 2.0
    assert theme.sentiment.value == -0.5
    assert (theme.records, theme.share.value, theme.impact.n) == (20, 0.5, 20)
    assert found.sentiment.value == 0.25


def test_the_bootstrap_interval_agrees_with_theory(ratings, annotations):
    # given a fifth of 1,500 records with a theme and a mean of 2; the others have 4; the variance is 2/3 in both
    number = np.arange(1500)
    mentioned = number % 5 == 0
    raw = np.where(mentioned, 2, 4) + number % 3 - 1
    batch = annotations([["late"] if each else [] for each in mentioned], np.zeros(1500))

    # when
    impact = measure_impact(ratings(raw), batch).themes[0].impact

    # then: 0.2 · (2 - 4), with s² = 2² · 0.2 · 0.8 / 1500 + 0.2² · 2/3 · (1/300 + 1/1200) by the delta method
    assert impact.value == pytest.approx(-0.4)
    assert (impact.high - impact.low) / 3.92 == pytest.approx(0.02319, rel=0.1)


def test_the_worst_drag_comes_first_and_rare_themes_are_hidden(ratings, annotations):
    themes = [["fit"]] * 20 + [["style"]] * 20
    themes[0] = ["fit", "zip"]

    found = measure_impact(ratings(FORTY), annotations(themes, TONE))

    assert [(theme.id, theme.impact.value) for theme in found.themes] == [("fit", -1.25), ("style", 1.25)]
    assert found.hidden == 1


def test_leaving_out_by_hand():
    values, mentioned = np.array([1.0, 2.0, 3.0, 4.0]), np.array([[1.0], [1.0], [0.0], [0.0]])

    found = leave_out(values, mentioned, np.array([[1.0, 1.0, 1.0, 1.0], [2.0, 0.0, 1.0, 1.0]]))

    # 10/4 - 7/2 and 9/4 - 7/2
    assert found.tolist() == [[-1.0], [-1.25]]


def test_resamples_do_not_depend_on_the_order_of_records():
    rows = np.array([[1.0, 0.0], [2.0, 1.0], [1.0, 0.0], [3.0, 1.0]])

    distinct, weights = resample(rows)
    again = resample(rows[::-1])

    assert distinct.tolist() == [[1.0, 0.0], [2.0, 1.0], [3.0, 1.0]]
    assert (weights.sum(axis=1) == 4).all()
    assert weights.mean(axis=0).tolist() == pytest.approx([2, 1, 1], abs=0.1)
    assert (again[1] == weights).all()


def test_a_like_or_dislike_works_too(ratings, annotations):
    raw = [0] * 15 + [1] * 5 + [1] * 20

    theme = measure_impact(ratings(raw, Scale.BINARY), annotations(FIT, TONE)).themes[0]

    assert (theme.impact.value, theme.score_with.value, theme.score_with.method) == (-0.375, 0.25, "wilson")


def test_without_ratings_the_negative_volume_ranks(no_ratings, annotations):
    # given forty mentions of style, two of them negative, and twenty of fit, fifteen negative
    tone = [0.6] * 38 + [-0.6] * 2 + [-0.6] * 15 + [0.6] * 5

    found = measure_impact(no_ratings, annotations([["style"]] * 40 + [["fit"]] * 20, tone))

    assert (found.kind, found.overall) == ("", None)
    assert [(theme.id, theme.records) for theme in found.themes] == [("fit", 20), ("style", 40)]
    assert all(theme.impact is None and theme.score_with is None for theme in found.themes)
    assert found.themes[0].quotes[0].sentiment == -0.6


def test_equal_ratings_have_no_impact(ratings, annotations):
    theme = measure_impact(ratings([5] * 40), annotations(FIT, TONE)).themes[0]

    assert theme.impact is None
    assert theme.score_with.low < 4.5


def test_one_record(ratings, annotations):
    found = measure_impact(ratings([5]), annotations([["fit"]], [0.9]))

    assert (found.themes, found.hidden, found.overall.n, found.sentiment.n) == ((), 1, 1, 1)


def test_no_text(ratings, annotations):
    found = measure_impact(ratings([5, 4]).assign(has_text=False), annotations([[]], [0.0]).iloc[:0])

    assert (found.themes, found.sentiment.n, found.overall.value) == ((), 0, 4.5)
