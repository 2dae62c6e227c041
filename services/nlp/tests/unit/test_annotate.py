"""Rules for all units, vectors for those that have one."""

import numpy as np
import pytest

from millrace.nlp.domain.annotate import (
    RULES,
    VECTORS,
    Annotation,
    Exemplars,
    Rules,
    annotate_by_rules,
    embedding_order,
    exemplar_texts,
    gather_exemplars,
    nearest_themes,
    refine_all,
)
from millrace.nlp.domain.sentiment import UNHEARD, Sentiment
from millrace.nlp.domain.taxonomy import Theme
from millrace.nlp.domain.units import Source

AXES = np.eye(4, dtype=np.float32)
EXEMPLARS = Exemplars(("first", "second"), AXES[[0, 0, 1, 1]], np.array([0, 2]))


def unit_vector(*values: float) -> np.ndarray:
    row = np.array([*values, 0.0], dtype=np.float32)
    row[-1] = np.sqrt(1 - row @ row)
    return row


def test_of_other_languages_only_what_has_a_shape_is_told(rules: Rules) -> None:
    # Given a German text with an article that is a sad verb in English, and English ones
    german = Source("Die Lieferung vom 12.05.2026 war die beste, the size is good, dringend urgent", "1", "de")
    unknown = Source("Great size", "2", "und")

    # When both are read
    read = annotate_by_rules([german, unknown], rules)

    # Then nothing is claimed about the German one but its date
    assert (read[0].sentiment, read[0].themes, read[0].hints, read[0].flags) == (UNHEARD, (), (), ())
    assert [entity.value for entity in read[0].entities] == ["2026-05-12"]
    assert read[1].themes == ("fit",)
    assert read[1].sentiment.score > 0.5


@pytest.mark.parametrize(
    "text", ["", " ", "\U0001f621\U0001f44e", "?!", "a" * 10_000, "1 " * 5_000, "\u0000", "[NAME_1]"]
)
def test_odd_texts_are_read_without_a_claim(rules: Rules, text: str) -> None:
    (read,) = annotate_by_rules([Source(text, "1", "und")], rules)
    assert (read.themes, read.hints, read.flags, read.entities) == ((), (), (), ())


def test_the_same_words_in_another_case_are_read_by_themselves(rules: Rules) -> None:
    # Given two texts with one hash, which ignores case and spacing
    loud = Source("THIS IS GREAT!  Order #12345", "same", "en")
    calm = Source("this is great! order #12345", "same", "en")

    # When they are read together
    first, second = annotate_by_rules([loud, calm], rules)

    # Then each has its own tone, and offsets that fit its own text
    assert first.sentiment.score > second.sentiment.score
    assert [
        text.text[entity.start : entity.end]
        for text, read in ((loud, first), (calm, second))
        for entity in read.entities
    ] == ["12345", "12345"]


def test_every_start_of_the_embedding_order_is_a_sample() -> None:
    # Given units of which the first half is short, with duplicates and one that the model cannot read
    sources = [Source("short" if n < 500 else "a long one " * 9, f"hash{n}", "en") for n in range(1000)]
    given = [*sources, sources[0], Source("kurz", "german", "de")]

    # When they are put in order
    order = embedding_order(given)

    # Then each text comes once, whatever the order of the input, and the first fifth is half short
    assert len(order) == 1000
    assert order == embedding_order(given[::-1])
    assert 80 <= sum(source.text == "short" for source in order[:200]) <= 120


@pytest.mark.parametrize(
    ("vector", "theme"),
    [
        (unit_vector(0.41, 0.0, 0.0), "first"),
        (unit_vector(0.39, 0.0, 0.0), ""),
        (unit_vector(0.5, 0.45, 0.0), ""),
        (unit_vector(0.5, 0.43, 0.0), "first"),
        (unit_vector(0.1, 0.9, 0.0), "second"),
    ],
)
def test_a_theme_must_be_near_and_clearly_nearer_than_the_next(vector: np.ndarray, theme: str) -> None:
    assert nearest_themes(vector[None, :], EXEMPLARS) == [theme]


def test_one_near_exemplar_is_not_enough() -> None:
    # Given a theme whose exemplars point in two directions
    exemplars = Exemplars(("first", "second"), AXES[[0, 3, 1, 1]], np.array([0, 2]))

    # Then a vector near one of them has a mean of 0.7 / 2 to the theme, which is below 0.40
    assert nearest_themes(np.array([[0.7, 0, 0.714, 0]], dtype=np.float32), exemplars) == [""]


def test_rules_beat_vectors_and_exclamations_get_none() -> None:
    # Given three units whose vectors are all near the first theme
    sources = [
        Source("so good it hurts", "1", "en"),
        Source("one two three four", "2", "en"),
        Source("Wow!", "3", "en"),
    ]
    said = Annotation(Sentiment(0.5, 0.5), ("second",))
    silent = Annotation(Sentiment(0.0, 0.0), ())

    # When the vectors are used
    rows = AXES[[0, 0, 0]]
    refined = refine_all(sources, [said, silent, silent], sources, rows, EXEMPLARS)

    # Then only the unit without a cue, and with enough words, has its theme from the vector
    assert [(each.themes, each.tier) for each in refined] == [(("second",), RULES), (("first",), VECTORS), ((), RULES)]


def test_a_unit_of_another_language_takes_no_theme_from_the_vector_of_an_english_one() -> None:
    # Given the same text twice, by its turn's language once English and once not
    sources = [Source("one two three four", "1", lang) for lang in ("en", "de")]

    # When the vector of the first is used
    refined = refine_all(sources, [Annotation(UNHEARD, ())] * 2, sources[:1], AXES[[0]], EXEMPLARS)

    # Then only the first has its theme
    assert [each.themes for each in refined] == [("first",), ()]


def test_exemplars_are_gathered_by_theme() -> None:
    # Given themes of which one has no exemplars
    themes = [
        Theme(id="a", label="A", cues=(), exemplars=("a1", "a2", "a3")),
        Theme(id="b", label="B", cues=()),
        Theme(id="c", label="C", cues=(), exemplars=("c1", "c2")),
    ]

    # Then the vectors of the others are told apart by where they begin
    assert exemplar_texts(themes) == ["a1", "a2", "a3", "c1", "c2"]
    gathered = gather_exemplars(themes, np.zeros((5, 4), dtype=np.float32))
    assert (gathered.themes, gathered.starts.tolist()) == (("a", "c"), [0, 3])
