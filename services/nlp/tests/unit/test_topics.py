"""Topics from vectors."""

import numpy as np

from millrace.nlp.domain.topics import find_topics
from millrace.nlp.domain.units import Unit
from millrace.nlp.domain.vectors import UnitVectors, unit_vectors

PARKING = [
    "the parking garage was full again",
    "no light in the parking garage at night",
    "we never found a parking garage near you",
    "your parking garage costs more than dinner",
    "somebody scratched our car in that garage",
]
NOISE = 40


def near(axis: int, dimension: int, spread: float) -> np.ndarray:
    """A vector that points along one axis, and a little along another."""
    row = np.zeros(dimension, dtype=np.float32)
    row[axis], row[dimension - 1 - axis] = 1, spread
    return row / np.linalg.norm(row)


def batch(unit, parking: int = len(PARKING), **fields: object) -> tuple[list[Unit], UnitVectors]:
    """Units on parking that point in one direction, and units that each point elsewhere and share no word."""
    units = [unit(n, PARKING[n], sentiment=-0.5) for n in range(parking)]
    units += [unit(100 + n, f"word{n}a word{n}b", **fields) for n in range(NOISE)]
    rows = [near(0, 100, 0.1 * n) for n in range(parking)] + [near(1 + n, 100, 0.0) for n in range(NOISE)]
    return units, unit_vectors([each.unit_id for each in units], np.stack(rows))


def test_units_of_one_direction_are_a_topic(unit) -> None:
    # Given five units on parking among forty others
    units, vectors = batch(unit)

    # When topics are looked for
    found, _ = find_topics(units, vectors)

    # Then they are the only one, named by what most of them say, with the most central ones of them as quotes
    (topic,) = found.topics
    assert (topic.label, topic.units, topic.sentiment) == ("Parking garage", 5, -0.5)
    assert (found.units, topic.share) == (45, round(5 / 45, 4))
    assert {quote.text for quote in topic.quotes} <= set(PARKING)
    assert len(topic.quotes) == 3


def test_the_order_of_the_units_does_not_matter(unit) -> None:
    units, vectors = batch(unit)
    assert find_topics(units, vectors)[0] == find_topics(units[::-1], vectors)[0]


def test_the_id_follows_the_leading_terms(unit) -> None:
    # Given the same topic in two batches, once with a unit less
    first, second = (find_topics(*batch(unit, parking))[0].topics[0] for parking in (5, 4))

    # Then it has the same id
    assert first.id == second.id
    assert first.units != second.units


def test_copies_count_but_make_no_topic_by_themselves(unit) -> None:
    # Given one text that eight customers wrote word for word
    units, vectors = batch(unit, parking=5)
    copies = [unit(200 + n, PARKING[0], sentiment=-0.5) for n in range(8)]
    ids = [each.unit_id for each in (*units, *copies)]
    rows = np.concatenate([vectors.rows, np.repeat(vectors.rows[:1], 8, axis=0)])

    # Then they count within the topic
    (topic,) = find_topics([*units, *copies], unit_vectors(ids, rows))[0].topics
    assert topic.units == 13


def test_what_has_a_theme_or_is_not_feedback_makes_no_topic(unit) -> None:
    # Given the units on parking with a theme, from an agent, or as duplicates
    units, vectors = batch(unit)
    for fields in ({"themes": ("fit",)}, {"role": "agent"}, {"dup_of": "t1"}):
        changed = [unit(n, text, **fields) for n, text in enumerate(PARKING)]

        # Then there is no topic, and it is said why
        found, _ = find_topics([*changed, *units[5:]], vectors)
        assert found.topics == ()
        assert found.note == "What the taxonomy leaves over forms no groups that can be named."


def test_too_few_units_are_said_to_be_too_few(unit) -> None:
    # Given five units with a vector
    units, vectors = batch(unit)

    # Then no topic is claimed
    found, _ = find_topics(units[:5], vectors)
    assert found.topics == ()
    assert found.note == "5 texts with a vector have no theme; topics need 30."


def test_one_sentence_that_many_write_with_small_changes_is_no_topic(unit) -> None:
    # Given five variants of one sentence among forty other units
    units, vectors = batch(unit)
    variants = [unit(n, f"The parking garage was full on day {n}{'!' * n}", sentiment=-0.5) for n in range(5)]

    # Then there is no topic: it is one saying
    assert find_topics([*variants, *units[5:]], vectors)[0].topics == ()


def test_a_group_that_shares_no_words_has_no_name_and_is_no_topic(unit) -> None:
    # Given five units that point in one direction and share no word
    units, vectors = batch(unit)
    others = [unit(n, f"thing{n}a stuff{n}b talks{n}c") for n in range(5)]

    # Then nothing is said about them
    assert find_topics([*others, *units[5:]], vectors)[0].topics == ()


def test_a_topic_keeps_its_id_when_its_people_choose_other_words(unit) -> None:
    # Given a batch with a topic, and a later one with other words for it
    units, vectors = batch(unit)
    first, known = find_topics(units, vectors)
    later = [
        unit(n, text.replace("parking garage", "car park").replace("that garage", "that car park"))
        for n, text in enumerate(PARKING)
    ]

    # When the later one is read by somebody who remembers, and by somebody who does not
    remembered, _ = find_topics([*later, *units[5:]], vectors, known)
    forgotten, _ = find_topics([*later, *units[5:]], vectors)

    # Then the topic has its old id and a new name; without memory the id follows the name
    assert remembered.topics[0].id == first.topics[0].id != forgotten.topics[0].id
    assert remembered.topics[0].label == "Car park"
