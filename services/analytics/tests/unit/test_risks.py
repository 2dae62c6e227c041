import numpy as np
import pandas as pd
import pytest

from millrace.analytics.domain.histories import histories
from millrace.analytics.domain.risks import score_risks
from millrace.analytics.domain.signs import SIGNS

DAY = pd.Timestamp("2024-05-01", tz="UTC")


def customer(name, **known):
    return {
        "customer": name, "contacts": 1, "first_at": DAY, "last_at": DAY, "recency_days": 0.0, "rating_mean": 0.75,
        "rating_slope": None, "n_rated": 1, "contact_rate": None, "reopened": 0, "plan": None, "tenure_days": None,
        "churned": None,
    } | known  # fmt: skip


def frame(rows, columns):
    return pd.DataFrame(rows, columns=columns) if not rows else pd.DataFrame(rows)


def people(*rows):
    made = frame(list(rows), list(customer("")))
    times = {name: pd.to_datetime(made[name], utc=True) for name in ("first_at", "last_at")}
    return made.assign(**times)


def said(*rows):
    """Contacts and annotations from rows of record, customer, day, sentiment, flags."""
    contacts = [
        {"record_id": record, "customer": name, "conv_id": record, "created_at": DAY + pd.Timedelta(days=day),
         "role": "customer"}
        for record, name, day, _, _ in rows
    ]  # fmt: skip
    units = [
        {"record_id": record, "unit_id": record, "role": "customer", "sentiment": tone, "flags": flags}
        for record, _, _, tone, flags in rows
    ]
    made = frame(contacts, ["record_id", "customer", "conv_id", "created_at", "role"])
    made = made.assign(created_at=pd.to_datetime(made["created_at"], utc=True))
    return made, frame(units, ["record_id", "unit_id", "role", "sentiment", "flags"])


CALM = [customer(f"calm-{i}") for i in range(5)]


def scored(*rows, words=()):
    return score_risks(people(*CALM, *rows), *said(*words))


def reasons(risk):
    return [(reason.code, reason.points) for reason in risk.reasons]


def test_points_add_up_with_their_reasons():
    words = [("r1", "angry", 1, -0.5, ["churn"]), ("r2", "angry", 2, -0.4, []), ("r3", "angry", 3, 0.2, ["churn"])]

    found = scored(customer("angry", rating_mean=0.2, n_rated=2, contacts=3), words=words)

    (risk,) = found.risks
    assert (found.method, found.customers, found.high, found.medium) == ("points", 6, 1, 0)
    assert (risk.customer, risk.score, risk.band) == ("angry", 0.6, "high")
    assert reasons(risk) == [("churn_words", 0.4), ("low_rating", 0.2)]
    assert [reason.text for reason in risk.reasons] == [
        "speaks of leaving in 2 records", "the latest rating is at 20 % of its scale",
    ]  # fmt: skip
    # then what speaks of leaving is the first evidence, the harsher words before the kinder
    assert risk.evidence == ("r1", "r3", "r2")


@pytest.mark.parametrize(
    ("known", "codes"),
    [
        ({"rating_mean": 0.5, "rating_slope": -0.2, "n_rated": 4}, ["low_rating", "falling_rating"]),
        ({"rating_mean": 0.5, "rating_slope": -0.1, "n_rated": 4, "reopened": 2, "contacts": 5}, []),
        ({"contacts": 5, "contact_rate": 2.0, "reopened": 1, "rating_mean": 0.25}, ["low_rating", "reopened", "repeat_contacts"]),  # noqa: E501
        ({"contacts": 4, "recency_days": 40.0, "last_at": DAY + pd.Timedelta(days=30), "reopened": 1}, ["reopened", "repeat_contacts", "silence"]),  # noqa: E501
        ({"rating_mean": 0.0}, []),
    ],
)  # fmt: skip
def test_signs(known, codes):
    found = scored(customer("one", **known))

    assert [code for risk in found.risks for code, _ in reasons(risk)] == codes


def test_one_opinion_is_no_risk_but_a_second_one_is():
    words = [("r1", "one", 1, -0.9, [])]

    assert scored(customer("one", rating_mean=0.0), words=words).risks == ()
    assert scored(customer("one", rating_mean=0.0, reopened=1), words=words).risks[0].band == "medium"


def test_only_the_last_texts_count_for_the_tone():
    words = [(f"r{i}", "one", i, tone, []) for i, tone in enumerate([0.9, 0.9, -0.4, -0.6, -0.5])]
    contacts, units = said(*words)

    table = histories(people(customer("one")), contacts, units)

    assert (table.loc["one", "tone"], table.loc["one", "texts"]) == (-0.5, 3)


def test_who_left_is_not_at_risk_and_agents_words_are_not_the_customers():
    contacts, units = said(("r1", "left", 1, -0.9, ["churn"]), ("r2", "stays", 1, -0.9, ["churn", "escalation"]))
    contacts.loc[1, "role"] = "agent"

    found = score_risks(people(*CALM, customer("left", churned=True), customer("stays")), contacts, units)

    assert (found.risks, found.customers) == ((), 6)
    assert found.note == (
        "1 customer left already; to learn who leaves, 30 customers who left and as many who stayed are needed; "
        "points are no probability"
    )


def test_what_a_person_is_does_not_count():
    rows = [customer(f"c{i}", plan=f"{i}", age=i, gender="f", religion="x", nationality="y") for i in range(8)]
    words = said(*[(f"r{i}", f"c{i}", 1, -0.9, ["churn"]) for i in range(8)])

    found = score_risks(people(*rows), *words)
    plain = score_risks(people(*[customer(f"c{i}") for i in range(8)]), *words)

    assert found == plain
    assert {risk.score for risk in found.risks} == {0.5}


def test_few_customers_and_none():
    unknown = [customer(f"c{i}", rating_mean=None) for i in range(9)]

    assert score_risks(people(*CALM[:4]), *said()).note == "risks need 5 customers with a history, there are 4"
    assert score_risks(people(), *said()).note == "risks need 5 customers with a history, there are none"
    assert score_risks(people(*unknown), *said()).customers == 0
    assert "of 9 customers too little is known" in score_risks(people(*CALM, *unknown), *said()).note


def test_at_most_twenty_are_named():
    words = said(*[(f"r{i:02d}", f"c{i:02d}", 1, -0.9, ["churn"]) for i in range(30)])

    found = score_risks(people(*[customer(f"c{i:02d}") for i in range(30)]), *words)

    assert (len(found.risks), found.high, found.medium) == (20, 30, 0)
    assert [risk.customer for risk in found.risks[:2]] == ["c00", "c01"]


def test_every_score_is_between_nothing_and_one():
    everything = customer(
        "all", rating_mean=0.5, rating_slope=-0.3, n_rated=4, contacts=9, reopened=3, recency_days=400.0,
        last_at=DAY + pd.Timedelta(days=80),
    )  # fmt: skip

    (risk,) = scored(everything, words=[("r1", "all", 1, -0.9, ["churn", "escalation"])]).risks

    assert risk.score == 1.0
    assert {reason.code for reason in risk.reasons} == {sign.code for sign in SIGNS}


def test_the_order_of_rows_does_not_matter():
    random = np.random.default_rng(6)
    rows = [customer(f"c{i:02d}", rating_mean=float(random.random()), reopened=int(i % 2)) for i in range(40)]
    words = said(*[(f"r{i:02d}", f"c{i % 40:02d}", i % 7, float(random.uniform(-1, 1)), ["churn"] * (i % 3 == 0))
                   for i in range(90)])  # fmt: skip

    one = score_risks(people(*rows), *words)
    other = score_risks(people(*rows[::-1]), *(table[::-1] for table in words))

    assert one == other
    assert one.high + one.medium > 0
