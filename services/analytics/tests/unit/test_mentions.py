import pytest

from millrace.analytics.domain.mentions import customer_units, label, looked_at, net_sentiment, presence


def test_a_record_mentions_what_any_of_its_units_does(annotations):
    units = annotations([["fit"], ["price", "fit"], []], [0.1, 0.2, 0.3])
    units["record_id"] = ["a", "a", "b"]

    found = presence(units)

    assert found.to_dict("index") == {"a": {"fit": True, "price": True}, "b": {"fit": False, "price": False}}


def test_duplicates_and_agents_do_not_count(annotations):
    units = annotations([["fit"]] * 3, [0.1] * 3)
    units["dup_of"] = ["", "t000", ""]
    units["role"] = ["customer", "customer", "agent"]

    assert list(customer_units(units)["record_id"]) == ["r000"]


def test_what_was_not_annotated_is_not_known(ratings, annotations):
    # given three rated records: annotated, without text, and lost
    batch = ratings([1, 2, 3]).assign(has_text=[True, False, True])

    assert list(looked_at(batch, annotations([[]], [0.0]))["record_id"]) == ["r000", "r001"]


def test_net_sentiment_leaves_the_neutral_in_the_denominator(annotations):
    # given two positive, one negative, one neutral on the line, one without
    found = net_sentiment(annotations([[]] * 5, [0.06, 0.9, -0.06, 0.05, None]))

    assert (found.value, found.n) == (0.25, 4)


def test_units_of_one_record_are_one_voice(annotations):
    units = annotations([[]] * 12, [0.5] * 6 + [-0.5] * 6)

    apart = net_sentiment(units)
    together = net_sentiment(units.assign(record_id=["a"] * 6 + ["b"] * 6))

    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_without_sentiment_everything_is_possible(annotations):
    found = net_sentiment(annotations([["fit"]], [None]))

    assert (found.n, found.low, found.high) == (0, -1.0, 1.0)


@pytest.mark.parametrize(("theme", "words"), [("fit", "Fit"), ("order_status", "Order status")])
def test_label(theme, words):
    assert label(theme) == words
