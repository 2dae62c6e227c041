import pandas as pd
import pytest

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


def test_time_span(ratings):
    found = measure_kpis(ratings([1, 2, 3], at=["2026-03-02T10:00Z", None, "2026-03-01T10:00Z"]))

    assert (str(found.first_at), str(found.last_at)) == ("2026-03-01 10:00:00+00:00", "2026-03-02 10:00:00+00:00")


def test_tickets(ratings):
    tickets = pd.DataFrame({"first_reply_s": [60.0 * i for i in range(1, 11)], "resolution_s": [None] * 9 + [5.0]})

    found = measure_kpis(ratings([5]), tickets)

    assert found.first_reply_s is not None
    assert (found.first_reply_s.value, found.first_reply_s.low, found.first_reply_s.high) == (330, 120, 540)
    assert found.resolution_s is None
