import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millrace.analytics.domain.kpis import measure_kpis
from millrace.contracts.records import Scale


def test_stars(ratings):
    # given
    found = measure_kpis(ratings([1, 3, 4, 5, 5, 5, 5, 5, 5, 5]))

    # then
    (score,) = found.scores
    assert (found.records, found.rated, score.kind) == (10, 10, "stars5")
    assert score.mean.value == 4.3
    assert score.norm.value == 0.825
    assert [(bucket.value, bucket.count) for bucket in score.distribution] == [(1, 1), (2, 0), (3, 1), (4, 1), (5, 7)]
    assert score.distribution[1].share.low == 0.0
    assert score.distribution[1].share.high > 0.2
    assert score.nps is None


def test_nps_of_a_known_list(ratings):
    found = measure_kpis(ratings([10, 10, 9, 9, 9, 8, 7, 6, 3, 0], Scale.NPS))

    nps = found.scores[0].nps
    assert nps is not None
    assert (nps.value, nps.n) == (20.0, 10)
    assert (nps.low, nps.high) == pytest.approx((-34.1142, 67.4476), abs=1e-3)
    assert len(found.scores[0].distribution) == 11


@pytest.mark.parametrize(
    ("scale", "raw", "share"),
    [
        (Scale.CSAT, [1, 3, 4, 5], 0.5),
        (Scale.STARS5, [3.4, 3.5, 4, 5], 0.75),
        (Scale.CES, [5, 6, 7, 7], 0.75),
        (Scale.STARS10, [8, 9, 10, 1], 0.5),
    ],
)
def test_satisfied_is_the_share_of_the_two_highest_answers(ratings, scale, raw, share):
    satisfied = measure_kpis(ratings(raw, scale)).scores[0].satisfied

    assert (satisfied.value, satisfied.n, satisfied.method) == (share, 4, "wilson")


@pytest.mark.parametrize("scale", [Scale.NPS, Scale.BINARY, Scale.PERCENT])
def test_other_scales_have_no_satisfied_share(ratings, scale):
    assert measure_kpis(ratings([1, 0], scale)).scores[0].satisfied is None


def test_contacts_per_customer(ratings):
    customers = pd.DataFrame({"contacts": [1, 1, 1, 1, 1, 1, 1, 1, 1, 6]})

    found = measure_kpis(ratings([5]), None, customers).contacts_per_customer

    # then: five further contacts that vary as 2.5 against a mean of 0.5: as one event of a Poisson process
    assert (found.value, found.n, found.method) == (1.5, 10, "quasi-poisson")
    assert (found.low, found.high) == pytest.approx((1 + 0.025318 * 0.5, 1 + 5.571643 * 0.5), abs=1e-4)


def test_customers_who_all_wrote_once_may_still_write_again(ratings):
    found = measure_kpis(ratings([5]), None, pd.DataFrame({"contacts": [1] * 40})).contacts_per_customer

    # the rule of three at 97.5 %: 3.689 / 40
    assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1.092222), abs=1e-6)


def test_few_customers_are_no_average(ratings):
    assert measure_kpis(ratings([5]), None, pd.DataFrame({"contacts": [1, 2, 3, 4]})).contacts_per_customer is None


def test_one_record(ratings):
    found = measure_kpis(ratings([4]))

    mean = found.scores[0].mean
    assert (mean.value, mean.n) == (4.0, 1)
    assert mean.high - mean.low > 2


def test_halves_and_hundreds_find_their_bucket(ratings):
    stars = measure_kpis(ratings([4.5, 4.4])).scores[0].distribution
    percent = measure_kpis(ratings([0, 9, 100, 95], Scale.PERCENT)).scores[0].distribution

    assert [bucket.count for bucket in stars] == [0, 0, 0, 1, 1]
    assert [(bucket.value, bucket.count) for bucket in percent if bucket.count] == [(0, 2), (90, 2)]


def test_scales_stay_apart_the_largest_first(ratings):
    two = pd.concat([ratings([1, 0], Scale.BINARY), ratings([5, 4, 3])])

    assert [(score.kind, score.mean.n) for score in measure_kpis(two).scores] == [("stars5", 3), ("binary", 2)]


def test_nothing_rated(no_ratings):
    found = measure_kpis(no_ratings)

    assert (found.rated, found.scores, found.first_at, found.first_reply_s) == (0, (), None, None)
    assert found.note == "nothing is rated"


def test_time_span(ratings):
    found = measure_kpis(ratings([1, 2, 3], at=["2026-03-02T10:00Z", None, "2026-03-01T10:00Z"]))

    assert (str(found.first_at), str(found.last_at)) == ("2026-03-01 10:00:00+00:00", "2026-03-02 10:00:00+00:00")


def test_tickets(ratings):
    tickets = pd.DataFrame({"first_reply_s": [60.0 * i for i in range(1, 11)], "resolution_s": [None] * 9 + [5.0]})

    found = measure_kpis(ratings([5]), tickets)

    assert found.first_reply_s is not None
    assert (found.first_reply_s.value, found.first_reply_s.low, found.first_reply_s.high) == (330, 120, 540)
    assert found.resolution_s is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(Scale), st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_every_number_lies_in_its_interval_whatever_the_order(ratings, scale, norm):
    low, high = scale.bounds
    raw = [round(low + (high - low) * each, 3) for each in norm]

    found = measure_kpis(ratings(raw, scale))

    (score,) = found.scores
    assert measure_kpis(ratings(raw[::-1], scale)) == found
    assert sum(bucket.count for bucket in score.distribution) == len(raw)
    for number in (score.mean, score.norm, score.nps, score.satisfied, *(b.share for b in score.distribution)):
        assert number is None or number.low <= number.value <= number.high
