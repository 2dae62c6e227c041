import pandas as pd

from millrace.analytics.domain.quotes import tell
from millrace.contracts.insights import Estimate

OVERALL = Estimate(value=4.0, low=3.9, high=4.1, n=100)
RAW = pd.Series({"r000": 1.0, "r001": 5.0, "r002": 2.0})


def test_strong_words_with_a_rating_that_agrees_come_first(annotations):
    # given the strongest words in a five-star review, and one sentence about two things
    units = annotations([["fit"], ["fit"], ["fit", "price"]], [-0.6, -0.7, -0.6])

    found = tell(units, RAW, OVERALL, -1)

    # then: 0.6 + 0.75, 0.6 + 0.5 less 0.2 for the other theme, 0.7 - 0.25
    assert [(quote.record_id, quote.rating) for quote in found] == [("r000", 1.0), ("r002", 2.0), ("r001", 5.0)]
    assert found[0].sentiment == -0.6


def test_a_quote_never_says_the_opposite(annotations):
    units = annotations([["fit"]] * 3, [0.9, 0.0, -0.04])

    assert tell(units, RAW, OVERALL, -1) == ()
    assert [quote.record_id for quote in tell(units, RAW, OVERALL, 1)] == ["r000"]


def test_records_and_texts_are_distinct_and_of_a_readable_length(annotations):
    units = annotations([["fit"]] * 6, [-0.9, -0.8, -0.7, -0.6, -0.5, -0.4])
    units["record_id"] = ["a", "a", "b", "c", "d", "e"]
    units["text"] = ["x" * 40, "y" * 40, "z" * 29, "x" * 40, "w" * 241, "line one of it\nand line  two of it"]

    found = tell(units, pd.Series(dtype=float), None, -1)

    assert [(quote.record_id, quote.text) for quote in found] == [
        ("a", "x" * 40),
        ("e", "line one of it and line two of it"),
    ]
    assert found[0].rating is None
