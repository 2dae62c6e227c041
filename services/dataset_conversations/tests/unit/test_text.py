import hashlib

import pytest

from millrace.dataset_conversations.domain.text import joined, own_words, same_words, text_hash


@pytest.mark.parametrize(
    ("mail", "own"),
    [
        ("I agree.\nOn Mon, 1 Jan 2024 at 9:00, Shop <shop@example.com> wrote:\n> Hello\n> again", "I agree."),
        ("Ja.\n\nAm 01.02.2024 um 10:00 schrieb Max <max@example.com>:\n> Hallo", "Ja."),
        ("Broken.\r\n\r\nFrom: shop@example.com\r\nSent: Monday\r\nSubject: Hi\r\nOld text", "Broken."),
        ("Still waiting\n-- \nAnna\nHead of Sales", "Still waiting"),
        ("Fine\nSent from my phone", "Fine"),
        ("One\n> quoted\nTwo", "One\nTwo"),
    ],
)
def test_what_others_wrote_is_left_out(mail: str, own: str) -> None:
    # Given a mail with a quotation, a forwarded head or a signature / When it is read / Then only its own words stay
    assert own_words(mail) == own


def test_a_text_that_is_all_quotation_is_kept_without_its_marks() -> None:
    # Given a review that begins each line with a bracket
    text = "> great\n> really"

    # When its own words are asked for / Then the text is not lost
    assert own_words(text) == "great\nreally"


def test_two_dashes_within_a_text_are_no_signature() -> None:
    # Given a line of dashes with a long text below it
    text = "Pros\n--\n" + "\n".join(f"point {n}" for n in range(20))

    # When its own words are asked for / Then nothing is cut
    assert own_words(text) == text


@pytest.mark.parametrize(
    ("title", "text", "whole"),
    [
        ("Runs big", "I returned it.", "Runs big.\n\nI returned it."),
        ("Love it!", "So soft", "Love it!\n\nSo soft"),
        ("Love it", "love it, all of it", "love it, all of it"),
        ("Love it", "", "Love it"),
        ("  ", "So soft", "So soft"),
    ],
)
def test_the_title_becomes_the_first_sentence(title: str, text: str, whole: str) -> None:
    # Given a title and a text / When they are joined / Then the title stands first, once, and apart
    assert joined(title, text) == whole


def test_duplicates_agree_without_case_punctuation_and_spacing() -> None:
    # Given texts that differ in nothing else / When they are normalised / Then they are the same
    assert same_words("Will NOT  be back!!") == same_words("will not be back") == "will not be back"


def test_symbols_keep_short_texts_apart() -> None:
    # Given texts without a letter / When they are normalised / Then each still differs from the others
    assert len({same_words(text) for text in ("👍", "👎", "!!!", "???")}) == 4


def test_the_hash_of_a_text_ignores_case_and_spacing_only() -> None:
    # Given a sentence / When it is hashed / Then the digest is that of its folded form
    assert text_hash(" Great  Fit!") == hashlib.sha256(b"great fit!").hexdigest()[:32]
    assert text_hash("Great fit!") != text_hash("Great fit?")
