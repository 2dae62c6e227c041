import numpy as np
import pandas as pd
import pytest

from millrace.analytics.domain.segments import compare, compare_segments, correlation_ratio, restating, wide


def table(**columns):
    return pd.DataFrame(columns).astype(object)


def test_segment_against_the_rest_by_hand():
    # given twenty ones against twenty twos
    raw = pd.Series([1.0] * 20 + [2.0] * 20)

    lower, higher = compare(table(plan=["free"] * 20 + ["paid"] * 20), raw, (1, 5))

    # then: U = 0; z = (200 - 0.5) / √(400/12 · (41 - 2·7980/1560)) = 6.2294; two equal p-values adjust to themselves
    assert (lower.value, lower.mean.value, lower.difference.value) == ("free", 1.0, -1.0)
    assert lower.p_value == pytest.approx(4.68e-10, rel=0.01)
    assert lower.p_value == higher.p_value
    assert higher.difference.value == 1.0
    assert lower.difference.low < -1 < lower.difference.high < 0
    assert (lower.effect.value, lower.effect.low, higher.effect.high) == (-1, -1, 1)
    assert lower.effect.high > -1


def test_p_values_are_adjusted_over_all_comparisons():
    # given one real difference beside a meaningless segment of four values
    random = np.random.default_rng(5)
    raw = pd.Series(random.choice([3.0, 4.0, 5.0], 200))
    raw[:50] -= 1
    alone = table(shop=["a"] * 50 + ["b"] * 150)
    both = alone.assign(noise=[f"{i % 4}" for i in range(200)])

    # when
    p_alone = compare(alone, raw, (1, 5))[0].p_value
    adjusted = {(score.name, score.value): score.p_value for score in compare(both, raw, (1, 5))}

    # then: the two smallest of six grow by 6/2
    assert adjusted["shop", "a"] == pytest.approx(3 * p_alone, rel=0.001)
    assert min(p for (name, _), p in adjusted.items() if name == "noise") > 0.05


def test_small_groups_and_small_rests_are_not_compared():
    raw = pd.Series([1.0, 2.0] * 20)

    assert compare(table(plan=["a"] * 19 + ["b"] * 21), raw, (1, 5)) == ()


def test_of_very_many_the_clearest_are_told():
    raw = pd.Series(np.random.default_rng(2).choice([1.0, 3.0, 5.0], 100))
    many = {f"s{i:02d}": [f"{(j + i) % 2}" for j in range(100)] for i in range(40)}
    many["low"] = np.where(raw < 2, "yes", "no")

    found = compare(table(**many), raw, (1, 5))

    assert (len(found), found[0].name, found[-1].name) == (60, "low", "low")


def test_a_segment_that_restates_the_score_is_found():
    raw = pd.Series([1.0, 2.0, 4.0, 5.0] * 25)
    segments = table(recommended=np.where(raw > 3, "yes", "no"), shop=["a", "b"] * 50)

    # |r| = 1.5 / √2.5 = 0.9487 for the first; 0.5 / √2.5 = 0.316 for the second
    assert list(restating(segments, raw)) == ["recommended"]
    assert correlation_ratio(segments["recommended"], raw) == pytest.approx(0.9487, abs=0.001)
    assert correlation_ratio(segments["shop"], raw) == pytest.approx(0.316, abs=0.02)


def test_many_values_alone_do_not_restate():
    raw = pd.Series(np.random.default_rng(0).choice([1.0, 5.0], 100))

    # 50 values for 100 records: uncorrected, half of the variance would seem explained
    assert correlation_ratio(pd.Series([f"{i % 50}" for i in range(100)]), raw) < 0.4


def test_wide_keeps_one_row_per_record():
    long = pd.DataFrame(
        {
            "record_id": ["a", "a", "b", "x"],
            "name": ["plan", "age", "plan", "plan"],
            "value": ["pro", "", "free", "pro"],
        }
    )

    found = wide(long, pd.Index(["b", "a", "c"]))

    assert list(found.columns) == ["plan"]
    assert found["plan"].fillna("-").tolist() == ["free", "pro", "-"]


def test_no_segments_at_all():
    empty = pd.DataFrame({"record_id": [], "name": [], "value": []}, dtype=str)

    assert wide(empty, pd.Index(["a"])).shape == (1, 0)


def long(name, values):
    return pd.DataFrame({"record_id": [f"r{i:03d}" for i in range(len(values))], "name": name, "value": values})


def test_the_main_scale_is_compared_and_what_is_not_is_said(ratings):
    # given a plan that costs a star, one that four records have, and a column that restates the rating
    raw = [4 - (i < 40) + i % 2 for i in range(100)]
    plans = ["free"] * 40 + ["paid"] * 56 + ["gift"] * 4
    happy = ["yes" if value > 3 else "no" for value in raw]

    found = compare_segments(ratings(raw), pd.concat([long("Plan", plans), long("Happy", happy)]))

    assert found.kind == "stars5"
    assert [(each.name, each.value) for each in found.segments] == [("Plan", "free"), ("Plan", "paid")]
    assert "gift" not in found.model_dump_json()
    assert found.note == (
        "Happy restates the score (correlation 0.78) and was left out; "
        "1 value with fewer than 20 records on a side left out"
    )


def test_what_cannot_be_compared(ratings, no_ratings):
    none, one = long("Plan", []), long("Plan", ["a"])

    assert compare_segments(no_ratings, none).note == "nothing is rated"
    assert compare_segments(ratings([5]), one).note == "all ratings are the same"
    assert compare_segments(ratings([5] * 60), long("Plan", ["a", "b"] * 30)).note == "all ratings are the same"
    assert compare_segments(ratings([1, 5] * 30), none).note == "the records have no segments"
    assert compare_segments(ratings([1, 5]), one).segments == ()


def test_segments_do_not_depend_on_the_order_of_rows(ratings):
    random = np.random.default_rng(3)
    batch, segments = ratings(random.choice([1, 2, 4, 5], 120)), long("Shop", random.choice(["a", "b", "c"], 120))

    assert compare_segments(batch, segments) == compare_segments(batch[::-1], segments.sample(frac=1, random_state=1))
