"""Topics that are known from earlier batches."""

import numpy as np

from millrace.nlp.domain.recognition import KEPT, Known, recognise, remember

AXES = np.eye(4, dtype=np.float32)


def between(first: int, second: int, cosine: float) -> np.ndarray:
    """A vector of length 1 with this cosine to the first axis."""
    return (cosine * AXES[first] + np.sqrt(1 - cosine**2) * AXES[second]).astype(np.float32)


def test_what_is_near_a_known_topic_takes_its_id() -> None:
    # Given a known topic
    known = [Known("topic_1", "parking", AXES[0])]

    # Then a near one under another name has its id, and a farther one only under the same name
    assert recognise([("car park", between(0, 1, 0.85))], known)[0].id == "topic_1"
    assert recognise([("car park", between(0, 1, 0.7))], known)[0].id != "topic_1"
    assert recognise([("parking", between(0, 1, 0.7))], known)[0].id == "topic_1"
    assert recognise([("parking", between(0, 1, 0.5))], known)[0].id != "topic_1"


def test_two_topics_never_share_an_id() -> None:
    # Given two topics that are near the same known one, and one with the name of another
    known = [Known("topic_1", "parking", AXES[0])]
    found = recognise([("a", between(0, 1, 0.9)), ("b", between(0, 2, 0.95)), ("b", AXES[3])], known)

    # Then the nearer one has its id, and all are told apart
    assert found[1].id == "topic_1"
    assert len({topic.id for topic in found}) == 3


def test_without_memory_the_same_name_gives_the_same_id() -> None:
    (first,), (second,) = (recognise([(term, AXES[axis])], []) for term, axis in (("points", 0), ("point", 1)))
    assert first.id == second.id


def test_a_known_topic_follows_its_subject_slowly() -> None:
    # Given a topic that comes again from a little further
    known = [Known("topic_1", "parking", AXES[0])]
    (again,) = recognise([("parking", between(0, 1, 0.8))], known)

    # Then its centre has moved, less than half the way
    assert 0.95 < float(again.centre @ AXES[0]) < 1


def test_the_last_seen_are_remembered() -> None:
    # Given as many known topics as are kept, and a new one
    known = [Known(f"topic_{n}", "x", AXES[0]) for n in range(KEPT)]
    kept = remember(known, [Known("new", "y", AXES[1]), known[5]])

    # Then the new ones come first and the oldest is forgotten
    assert [topic.id for topic in kept[:3]] == ["new", "topic_5", "topic_0"]
    assert len(kept) == KEPT
    assert f"topic_{KEPT - 1}" not in {topic.id for topic in kept}
