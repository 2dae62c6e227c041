import numpy as np
import pandas as pd
import pytest

from millrace.analytics.domain.anomalies import find_outliers
from millrace.analytics.domain.series import Kind, Series
from millrace.analytics.domain.steps import dispersion, find_steps, scores, spikes

NOBODY = pd.DataFrame({"record_id": [], "position": [], "value": [], "weight": []})
WEEKDAYS = np.arange(60) % 7


def counts(values):
    values = np.asarray(values, dtype=np.float64)
    return Series(
        metric="volume", label="Volume", kind=Kind.COUNT, records=NOBODY, total=values, size=np.ones_like(values),
        bounds=(0.0, np.inf),
    )  # fmt: skip


def shares(hits, of):
    hits, of = (np.asarray(each, dtype=np.float64) for each in (hits, of))
    return Series(metric="theme.fit", label="Fit", kind=Kind.SHARE, records=NOBODY, total=hits, size=of, bounds=(0, 1))


def noise(seed, mean, days):
    return np.random.default_rng(seed).poisson(mean, days)


def test_a_day_counts_by_its_records():
    # given two in ten every day, but for two records of which both, and a hundred of which half
    of = np.full(60, 10.0)
    hits = np.full(60, 2.0)
    of[[20, 40]], hits[[20, 40]] = (2, 100), (2, 50)

    z = scores(shares(hits, of), np.full(60, 0.2))

    assert z[20] == pytest.approx(np.sqrt(2 * 2 * np.log(5)))
    assert z[40] > 6
    assert z[0] == 0
    assert list(np.flatnonzero(spikes(shares(hits, of)))) == [40]


def test_two_changes_are_both_found():
    series = counts([*noise(1, 8, 20), *noise(2, 25, 20), *noise(3, 8, 20)])

    found = [step.at for step in find_steps(series, WEEKDAYS) if step.p_value < 0.02]

    assert found == [20, 40]


def test_a_spike_is_no_step_and_a_step_no_spike():
    level = noise(14, 10, 60)
    spiky, stepped = level.copy(), level.copy()
    spiky[30] = 200
    stepped[30:] += 40

    assert not [step for step in find_steps(counts(spiky), WEEKDAYS) if step.p_value < 0.02]
    assert [step.at for step in find_steps(counts(stepped), WEEKDAYS)] == [30]
    assert not spikes(counts(stepped)).any()
    assert not find_outliers([(counts(stepped), [30])], "day")


def test_the_last_day_can_stand_out():
    level = noise(5, 10, 60)
    level[59] = 60

    (outlier,) = find_outliers([(counts(level), [])], "day")

    assert outlier.position == 59
    assert outlier.score > 5


def test_a_weekday_is_no_outlier_and_its_absence_is():
    # given Sundays with thirty records more, but for one
    level = noise(6, 20, 84) + np.where(np.arange(84) % 7 == 6, 30, 0)
    level[48] = 12

    found = find_outliers([(counts(level), [])], "day")

    assert [outlier.position for outlier in found] == [48]
    assert found[0].score < 0


def test_varying_more_than_chance_raises_the_bar():
    calm, wild = counts(noise(7, 20, 60)), counts(np.random.default_rng(8).negative_binomial(2, 2 / 22, 60))

    assert dispersion(calm) < 2 < dispersion(wild)
    assert not find_outliers([(wild, [])], "day")


def test_drifting_days_are_worth_less():
    # given days that lean on the day before, in twenty seeds
    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        drift = np.zeros(60)
        for i in range(1, 60):
            drift[i] = 0.6 * drift[i - 1] + rng.normal(0, 0.15)
        found = find_steps(counts(rng.poisson(20 * np.exp(drift))), WEEKDAYS)
        alarms += any(step.p_value < 0.02 for step in found)

    assert alarms <= 3


def test_nothing_to_search():
    assert find_steps(counts(np.full(13, 9.0)), WEEKDAYS) == []
    assert find_steps(counts(np.zeros(60)), WEEKDAYS) == []
    assert find_outliers([(counts(np.zeros(60)), [])], "day") == []
