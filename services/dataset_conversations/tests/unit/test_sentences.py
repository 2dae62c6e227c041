from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.dataset_conversations.domain.clauses import MAX_WORDS, MIN_WORDS
from millrace.dataset_conversations.domain.sentences import sentences


def pieces(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Love it!!! it's soft.  i kept it", ["Love it!!!", "it's soft.", "i kept it"]),
        ("Paying $7.85 for it is a lot. No. 5 is better.", ["Paying $7.85 for it is a lot.", "No. 5 is better."]),
        ("Dr. Smith sent e.g. a size 3. J. Doe too.", ["Dr. Smith sent e.g. a size 3.", "J. Doe too."]),
        ("Wow... Loved this place. so... it was fine", ["Wow...", "Loved this place.", "so... it was fine"]),
        ("i am 125 lbs. i ordered 3 lbs. of it", ["i am 125 lbs.", "i ordered 3 lbs. of it"]),
        ("Pros:\n- soft\n- warm", ["Pros:", "- soft", "- warm"]),
        ("1. Good fit\n2. Bad zip", ["1. Good fit", "2. Bad zip"]),
        ("Great! 😀 Thanks :) bye", ["Great! 😀", "Thanks :) bye"]),
        ("No gloves.Everything is fried", ["No gloves.", "Everything is fried"]),
        ("很好。我喜欢！", ["很好。", "我喜欢！"]),  # noqa: RUF001
        ('She said "no." Then left.', ['She said "no."', "Then left."]),
        ("mail [EMAIL_1]. Thanks", ["mail [EMAIL_1].", "Thanks"]),
        ("!!! what", ["!!! what"]),
        ("...", ["..."]),
        ("  \n ", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    # Given feedback as people write it / When it is cut / Then the pieces are its sentences
    assert pieces(text) == expected


def test_a_wrapped_line_does_not_end_a_sentence() -> None:
    # Given a mail whose lines were wrapped, and one whose lines are short
    wrapped = "I had such high hopes for this dress and really wanted it\nto work for me."

    # When they are cut / Then only the short lines are sentences
    assert len(pieces(wrapped)) == 1
    assert pieces("love it\nfits great") == ["love it", "fits great"]


def test_a_run_on_sentence_is_cut_at_its_joints() -> None:
    # Given 66 words without a full stop, and a "but" in the middle
    text = "it is " + "very " * 30 + "soft, but the zip " + "really " * 29 + "broke"

    # When it is cut / Then each side of the joint is a unit
    assert [piece.split()[-1] for piece in pieces(text)] == ["soft,", "broke"]


def test_words_without_any_joint_are_cut_all_the_same() -> None:
    # Given 200 words in a row / When they are cut / Then no piece is too long or too short
    lengths = [len(piece.split()) for piece in pieces("word " * 200)]
    assert sum(lengths) == 200
    assert all(MIN_WORDS <= length <= MAX_WORDS for length in lengths)


@given(st.text(alphabet="aI .!?…\n:;,)(-1\"'😀。\u2028", max_size=200))
def test_offsets_are_apart_in_order_and_lose_nothing(text: str) -> None:
    # Given any text
    spans = sentences(text)

    # When it is cut / Then spans do not overlap or end in spaces, and hold all that is no space
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert "".join("".join(pieces(text)).split()) == "".join(text.split())
