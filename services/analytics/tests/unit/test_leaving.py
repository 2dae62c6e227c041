import numpy as np
import pandas as pd
import pytest

from millrace.analytics.domain.leaving import FEATURES, learn
from millrace.analytics.domain.risks import score_risks

DAY = pd.Timestamp("2024-05-01", tz="UTC")


def table(n, seed, strength):
    """Histories of customers who leave by their rating, their words and their tenure: `strength` times."""
    random = np.random.default_rng(seed)
    made = pd.DataFrame(0.0, index=[f"c{i:05d}" for i in range(n)], columns=[*FEATURES, "silence", "recency_days"])
    made = made.assign(
        churn_words=(random.random(n) < 0.1) * 1.0, last_rating=random.choice([0, 0.25, 0.5, 0.75, 1], n),
        rating_change=np.nan, tone=random.uniform(-1, 1, n), contacts=1.0, tenure_days=random.uniform(0, 900, n),
    )  # fmt: skip
    odds = 2 * made["churn_words"] - 2 * (made["last_rating"] - 0.5) - 0.002 * (made["tenure_days"] - 450)
    chance = 1 / (1 + np.exp(1.2 - strength * odds))
    return made.assign(left=(random.random(n) < chance).astype(float)), chance.to_numpy()


def test_a_planted_cause_is_learned_and_its_chances_are_calibrated():
    known, truth = table(1500, 1, 1.0)

    found = learn(known)

    reliability = found.reliability
    assert reliability["auc"] > reliability["points_auc"]
    assert 0.5 < reliability["auc_low"] < reliability["auc"] < reliability["auc_high"]
    assert reliability["brier"] < reliability["base_rate"] * (1 - reliability["base_rate"])
    assert np.abs(found.chance - truth).mean() < 0.05
    # then those told a high chance leave about as often as told
    high = found.chance > np.quantile(found.chance, 0.8)
    assert known["left"][high].mean() == pytest.approx(found.chance[high].mean(), abs=0.08)


def test_chance_labels_are_not_learned():
    # given five batches in which nothing has to do with leaving
    used = sum(learn(table(200, seed, 0.0)[0]).chance is not None for seed in range(5))

    # then by accident the model seems better in one of twenty
    assert used <= 1


def test_the_shares_name_the_cause():
    known, _ = table(1500, 1, 1.0)
    low, spoke = known["last_rating"].to_numpy() == 0, known["churn_words"].to_numpy() > 0

    share = learn(known).share

    assert FEATURES[int(share[low].mean(axis=0).argmax())] == "last_rating"
    assert share[spoke, FEATURES.index("churn_words")].min() > 0.05
    assert np.abs(share[:, FEATURES.index("rating_change")]).max() < 1e-9


@pytest.mark.parametrize(("left", "note"), [(29, "to learn who leaves, 30 customers"), (30, "does not surely beat")])
def test_few_labels_teach_nothing(left, note):
    known = table(100, 2, 0.0)[0].assign(left=[1.0] * left + [0.0] * (100 - left))

    found = learn(known)

    assert (found.chance, found.reliability) == (None, {})
    assert note in found.note


def test_no_labels_are_not_worth_a_note():
    assert learn(table(50, 2, 0.0)[0].assign(left=np.nan)).note == ""


def test_learned_risks_have_bands_by_odds_and_reasons_on_the_scale_of_the_chance():
    known, _ = table(1500, 1, 1.0)
    customers = pd.DataFrame(
        {
            "customer": known.index, "contacts": 1, "first_at": DAY, "last_at": DAY, "recency_days": 0.0,
            "rating_mean": known["last_rating"].to_numpy(), "rating_slope": None, "n_rated": 1, "contact_rate": None,
            "reopened": 0, "plan": "", "tenure_days": known["tenure_days"].to_numpy(),
            "churned": known["left"].to_numpy() == 1,
        }
    )  # fmt: skip
    contacts = pd.DataFrame({"record_id": [], "customer": [], "created_at": [], "role": []}, dtype=str)
    units = pd.DataFrame({"record_id": [], "sentiment": pd.Series(dtype=float), "flags": []})

    found = score_risks(customers, contacts, units)

    assert (found.method, found.customers) == ("logistic", int((known["left"] == 0).sum()))
    base = found.reliability["base_rate"]
    assert found.risks[0].score / (1 - found.risks[0].score) > 2 * base / (1 - base)
    assert {reason.code for risk in found.risks for reason in risk.reasons} == {"last_rating", "tenure_days"}
    assert [risk.band for risk in found.risks] == ["high"] * min(found.high, 20) + ["medium"] * max(0, 20 - found.high)
    assert all(risk.reasons[0].points > risk.score / 4 for risk in found.risks)
