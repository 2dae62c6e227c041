"""Words as topics and phrases count them."""

import pytest

from millrace.nlp.domain.vocabulary import clauses, content_words, stem


def test_content_words_leave_out_what_names_nothing() -> None:
    assert content_words("The parking garage has 12 spaces, said [NAME_1].") == ["parking", "garage", "spaces"]


def test_punctuation_and_pseudonyms_end_a_clause() -> None:
    assert list(clauses("Too short, well-made (I think) for [NAME_1] again")) == [
        ["too", "short"],
        ["well", "made"],
        ["i", "think"],
        ["for"],
        ["again"],
    ]


@pytest.mark.parametrize(
    ("word", "root"),
    [("dresses", "dress"), ("sizes", "size"), ("berries", "berry"), ("runs", "run"), ("bus", "bus"), ("fits", "fit"),
     ("class", "class"), ("boxes", "box"), ("gas", "gas"), ("this", "this"), ("watches", "watch")],
)  # fmt: skip
def test_plurals_and_third_persons_share_a_stem(word: str, root: str) -> None:
    assert stem(word) == root
