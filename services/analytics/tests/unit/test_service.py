import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.analytics.domain.service import NOT_WHY, lie_apart, measure_service


def tickets(resolution, agent="", reopened=1, reply=60.0):
    return pd.DataFrame({"first_reply_s": reply, "resolution_s": resolution, "agent": agent, "reopened": reopened})


def hours(*records, start="2024-05-01"):
    times = pd.date_range(start, periods=len(records), freq="h", tz="UTC")
    return pd.DataFrame({"hour": times, "records": records, "backlog": range(len(records))})


def test_percentiles_lie_between_order_statistics():
    found = measure_service(tickets([float(i) for i in range(1, 41)]))

    assert found.tickets == 40
    assert (found.resolution_s["p50"].value, found.resolution_s["p50"].n) == (20.5, 40)
    # P(Binomial(40, ½) < 14) = 0.019 and P(Binomial(40, 0.9) < 32) = 0.023
    assert (found.resolution_s["p50"].low, found.resolution_s["p50"].high) == (14, 27)
    assert (found.resolution_s["p90"].low, found.resolution_s["p90"].high) == (32, 40)
    assert found.first_reply_s["p90"].value == 60


def test_few_tickets_have_no_high_percentile_and_open_ones_are_counted():
    found = measure_service(tickets([1.0, 2, 3, 4, 5, 6, None, None], reopened=[0, 1, 2, 0, 0, 0, 0, 0]))

    assert list(found.resolution_s) == ["p50"]
    assert (found.reopened.value, found.reopened.n, found.reopened.method) == (0.25, 8, "wilson")
    assert "2 of 8 tickets have no resolution time" in found.note


def test_a_share_that_nobody_marks_is_not_zero():
    found = measure_service(tickets([1.0] * 8, reopened=0))

    assert found.reopened is None
    assert "no ticket is marked as reopened" in found.note


def test_backlog_and_busiest_hours():
    # given two days of five records an hour, thirty at nine and twenty at four in the afternoon
    day = [5] * 24
    day[9], day[16] = 30, 20

    found = measure_service(tickets([1.0] * 8), hours(*day, *day).sample(frac=1, random_state=2))

    assert (found.backlog, found.busiest_hours) == (47, (9, 16, 0))


@pytest.mark.parametrize(
    ("load", "note"),
    [
        (hours(*[4] * 24), "the busiest hours need 120 records with a time"),
        (hours(*[9, 10] * 12), "no hour of the day stands out"),
        (hours(500), "all records are of one hour of the day: their times may be dates only"),
        (hours(), "nothing is known of the load by hour"),
        (None, "nothing is known of the load by hour"),
    ],
)
def test_hours_that_say_nothing(load, note):
    found = measure_service(tickets([1.0] * 8), load)

    assert found.busiest_hours == ()
    assert note in found.note


def of_agents(**seconds):
    return pd.concat([tickets(list(times), agent) for agent, times in seconds.items()], ignore_index=True)


def test_a_slow_agent_lies_apart_and_nobody_is_ranked():
    random = np.random.default_rng(4)
    usual = {agent: random.lognormal(8, 1, 40) for agent in "dbec"}

    found = measure_service(of_agents(**usual, a=random.lognormal(9.5, 1, 40), few=[1.0] * 19))

    assert [each.agent for each in found.agents] == ["a", "b", "c", "d", "e"]
    assert [each.apart for each in found.agents] == [True, False, False, False, False]
    assert found.agents[0].resolution_s.low > found.agents[1].resolution_s.high
    assert "1 agent with fewer than 20 tickets left out" in found.note
    assert NOT_WHY in found.note


def test_an_agent_whose_tickets_come_back_lies_apart():
    frame = of_agents(a=[1.0] * 60, b=[1.0] * 60, c=[1.0] * 60)
    frame["reopened"] = [0] * 120 + [1] * 30 + [0] * 30

    assert lie_apart(frame, ["a", "b", "c"]) == {"c"}
    assert [each.apart for each in measure_service(frame).agents] == [False, False, True]


def test_no_agent_has_a_share_of_what_nobody_marks():
    frame = of_agents(a=[1.0] * 20, b=[2.0] * 20)

    of_both = [measure_service(frame.assign(reopened=value)).agents for value in (1, 0)]

    assert [[each.reopened is None for each in agents] for agents in of_both] == [[False, False], [True, True]]


def test_of_two_agents_both_lie_apart():
    frame = of_agents(a=np.arange(30.0), b=np.arange(30.0) + 25)

    assert lie_apart(frame, ["a", "b"]) == {"a", "b"}


def test_alike_agents_are_rarely_told_apart():
    # given sixty batches of eight agents who do not differ
    random = np.random.default_rng(9)
    batches = [of_agents(**{agent: random.lognormal(8, 1, 25) for agent in "abcdefgh"}) for _ in range(60)]

    false = sum(bool(lie_apart(batch, list("abcdefgh"))) for batch in batches)

    # then at most three are expected; eight or more would happen in one of a hundred runs
    assert false <= 7


def test_no_tickets_and_one_ticket():
    one = measure_service(tickets([5.0]))

    assert measure_service(tickets([]), hours(200, *[1] * 23)).note == "there are no tickets"
    assert (one.tickets, one.resolution_s, one.agents) == (1, {}, ())
    assert measure_service(tickets([None] * 30, agent=["a", "b", "c"] * 10)).resolution_s == {}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.none() | st.floats(0, 1e7), st.sampled_from(["", "a", "b"]), st.integers(0, 3)), max_size=90),
    st.randoms(use_true_random=False),
)
def test_numbers_lie_in_their_intervals_whatever_the_order_of_tickets(rows, random):
    def of(chosen):
        frame = pd.DataFrame(chosen, columns=["resolution_s", "agent", "reopened"]).assign(first_reply_s=1.0)
        return measure_service(frame.astype({"resolution_s": float, "reopened": float, "agent": str}))

    found = of(rows)

    assert of(random.sample(rows, len(rows))) == found
    for number in [*found.resolution_s.values(), *(each.resolution_s for each in found.agents)]:
        assert number is None or number.low <= number.value <= number.high
