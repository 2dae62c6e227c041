from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from millrace.analytics.domain.drivers import find_drivers, shuffling_loss
from millrace.analytics.domain.features import choose, inflation

THEMES = ("fit", "late", "price", "style")


def planted(ratings, annotations, seed, n=300):
    """Themes and shops at random; `late` costs 1.2, the shop `north` 0.5; the rest is noise."""
    random = np.random.default_rng(seed)
    themes = [[theme for theme in THEMES if random.random() < 0.25] for _ in range(n)]
    shop = random.choice(["north", "south", "west"], n)
    late = np.array(["late" in own for own in themes])
    raw = np.clip(np.round(4.2 - 1.2 * late - 0.5 * (shop == "north") + random.normal(0, 0.8, n)), 1, 5)
    batch = ratings(raw)
    segments = pd.DataFrame({"record_id": batch["record_id"], "name": "shop", "value": shop})
    return batch, annotations(themes, np.zeros(n)), segments


def test_planted_driver_is_found_first(ratings, annotations):
    # given twenty batches with the same truth
    first = [find_drivers(*planted(ratings, annotations, seed)).drivers[0].feature for seed in range(20)]

    # then
    assert first.count("late") >= 18


def test_effects_cover_the_truth(ratings, annotations):
    found = find_drivers(*planted(ratings, annotations, 1, n=1000))

    late = found.drivers[0]
    assert (late.feature, late.kind, late.label) == ("late", "theme", "Late")
    assert late.effect.low < -1.1 < late.effect.high < -0.8
    assert 0.2 < found.explained < 0.5
    assert found.note == "drivers are associated with the score, not shown to cause it"


def test_a_segment_that_restates_the_score_is_only_noted(ratings, annotations):
    batch, units, segments = planted(ratings, annotations, 2)
    recommended = pd.DataFrame(
        {"record_id": batch["record_id"], "name": "Recommended", "value": np.where(batch["raw"] > 3, "1", "0")}
    )

    found = find_drivers(batch, units, pd.concat([segments, recommended]))

    assert found.note.startswith("Recommended restates the score (correlation 0.8")
    assert not any("Recommended" in driver.feature for driver in found.drivers)
    assert found.segments == ()


def test_a_finer_segment_that_repeats_a_coarse_one_is_left_out():
    # given departments, and classes that nearly name them
    department = [f"d{i % 3}" for i in range(300)]
    classes = [f"{name}{'x' if i < 240 else 'y'}" for i, name in enumerate(department)]
    segments = pd.DataFrame({"class": classes, "department": department})

    choice = choose(pd.DataFrame(index=segments.index), segments)

    assert {feature.name for feature in choice.features} == {"department=d1", "department=d2"}
    assert choice.features[0].label == "department: d1 (against d0)"
    assert choice.left_out == ("class",)


def test_rare_and_missing_values_are_one_control_that_is_not_told():
    segments = pd.DataFrame({"plan": ["free"] * 60 + ["pro"] * 50 + ["odd"] * 5 + [None] * 25})

    features = choose(pd.DataFrame(index=segments.index), segments).features

    assert [(each.name, each.records, each.told) for each in features] == [
        ("plan=pro", 50, True),
        ("plan=other values", 30, False),
    ]


def test_inflation_of_correlated_columns():
    one = np.array([1.0, 1.0, 0.0, 0.0])

    # r = 0.5774: 1 / (1 - 1/3)
    assert inflation([one, np.array([1.0, 0.0, 0.0, 0.0])]) == pytest.approx(1.5)
    assert inflation([one, 1 - one]) == float("inf")


def test_the_closed_form_is_the_mean_over_all_shuffles():
    x, residuals, slope = np.array([0.0, 1.0, 1.0, 3.0]), np.array([0.5, -1.0, 0.2, 0.4]), 0.7

    losses = [np.mean((residuals + slope * (x - x[list(order)])) ** 2) for order in permutations(range(4))]

    expected = np.mean(losses) - np.mean(residuals**2)
    assert shuffling_loss(x[:, None], residuals, np.array([slope]))[0] == pytest.approx(expected)


def test_noise_has_no_drivers(ratings, annotations):
    random = np.random.default_rng(4)
    themes = [[theme for theme in THEMES if random.random() < 0.25] for _ in range(200)]

    found = find_drivers(ratings(random.choice([3, 4, 5], 200)), annotations(themes, np.zeros(200)), None)

    assert found.drivers == ()
    assert found.note == "themes and segments explain nothing of the score on held-out records"


def test_what_cannot_be_said_is_said(ratings, no_ratings, annotations):
    units = annotations([["fit"]] * 60, [0.1] * 60)

    assert find_drivers(no_ratings, units, None).note == "nothing is rated"
    assert find_drivers(ratings([5] * 60), units, None).note == "all ratings are the same"
    assert find_drivers(ratings([5]), units, None).note == "all ratings are the same"
    assert find_drivers(ratings([4, 5] * 10), units, None).note == (
        "drivers need 50 rated records that differ, there are 20"
    )
    assert find_drivers(ratings([4, 5] * 30), units, None).note == (
        "no theme or segment is frequent enough to be a driver"
    )
