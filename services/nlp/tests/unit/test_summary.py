"""The extractive summary."""

import numpy as np

from millrace.nlp.domain.summary import summarize
from millrace.nlp.domain.vectors import unit_vectors

NONE = unit_vectors([], np.zeros((0, 4), dtype=np.float32))
GOOD = [
    "The harbour view from our room was wonderful",
    "Our room had a wonderful harbour view",
    "The staff kept a quiet corner table by the window for us",
]
BAD = ["The breakfast coffee tasted burnt and arrived cold", "Burnt cold coffee came with the breakfast tray"]


def test_both_tones_are_represented(unit) -> None:
    # Given three good units, two of them nearly the same, and two bad ones
    units = [unit(n, text, sentiment=0.6) for n, text in enumerate(GOOD)]
    units += [unit(10 + n, text, sentiment=-0.6) for n, text in enumerate(BAD)]

    # When they are summed up without vectors
    summary = summarize(units, NONE)

    # Then the larger tone has two sentences that differ, the other one, each with its source; the method is told
    assert [quote.sentiment for quote in summary.sentences] == [0.6, 0.6, -0.6]
    assert GOOD[2] in {quote.text for quote in summary.sentences}
    assert all(quote.text == {u.unit_id: u.text for u in units}[quote.unit_id] for quote in summary.sentences)
    assert summary.note == "Chosen by words: too few units have a vector."


def test_a_tone_that_is_hardly_there_is_left_out(unit) -> None:
    # Given thirty good units and one bad
    units = [unit(n, f"{GOOD[n % 3]} number{n}", sentiment=0.6) for n in range(30)]
    units.append(unit(99, BAD[0], sentiment=-0.6))

    # Then all sentences are good ones
    assert [quote.sentiment for quote in summarize(units, NONE).sentences] == [0.6, 0.6, 0.6]


def test_vectors_decide_what_is_central_and_new(unit) -> None:
    # Given two groups of 20 and 12 units and 5 that stand alone, all of one tone
    axes = [0] * 20 + [1] * 12 + [2, 3, 4, 5, 6]
    units = [unit(n, f"{GOOD[n % 3]} number{n}", sentiment=0.6) for n in range(len(axes))]
    vectors = unit_vectors([each.unit_id for each in units], np.eye(7, dtype=np.float32)[axes])

    # When they are summed up
    chosen = [int(quote.unit_id[1:]) for quote in summarize(units, vectors).sentences]

    # Then the first stands for the largest group, the second for the next, and none repeats another
    assert [axes[place] for place in chosen][:2] == [0, 1]
    assert len({axes[place] for place in chosen}) == 3


def test_exclamations_agents_and_duplicates_are_no_summary(unit) -> None:
    # Given nothing that says something by itself
    units = [
        unit(1, "So good!", sentiment=0.6),
        unit(2, GOOD[0], sentiment=0.6, role="agent"),
        unit(3, GOOD[1], sentiment=0.6, dup_of="t1"),
        unit(4, "it was just what it was and that was all", sentiment=0.6),
    ]

    # Then there is no sentence, and it is said why
    summary = summarize(units, NONE)
    assert summary.sentences == ()
    assert summary.note == "No sentence is long enough to stand for the rest."


def test_the_order_of_the_units_does_not_matter(unit) -> None:
    units = [unit(n, text, sentiment=0.6) for n, text in enumerate([*GOOD, *BAD])]
    assert summarize(units, NONE) == summarize(units[::-1], NONE)
    assert summarize([], NONE).sentences == ()
