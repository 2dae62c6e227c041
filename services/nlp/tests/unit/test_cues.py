"""Cues: what a phrase matches, and what it does not."""

import time

import pytest

from millrace.nlp.domain.cues import CueBook, words
from millrace.nlp.domain.sentiment import Lexicon
from millrace.nlp.domain.taxonomy import Taxonomy
from millrace.nlp.errors import InvalidCues


def found(cue: str, text: str) -> list[str]:
    book = CueBook([(cue, "it")])
    return [text[each.start : each.end] for each in book.find(text, words(text))]


@pytest.mark.parametrize(
    ("cue", "text", "matches"),
    [
        ("wash", "I wash it. Washing it is easy.", ["wash"]),
        ("wash*", "I wash it. Washing it is easy.", ["wash", "Washing"]),
        ("rip off", "A rip-off, a rip/off, a RIP OFF", ["rip-off", "rip/off", "RIP OFF"]),
        ("rip off", "It will rip. Off we go.", []),
        ("fit", "outfit fitness fit-out", ["fit"]),
        ("can't wait", "I can\u2019t wait", ["can\u2019t wait"]),
        ("# (minute*|hour*)", "after 20 minutes or thirty hours", ["20 minutes", "thirty hours"]),
        ("(so |very |)slow", "very slow, so slow, slow", ["very slow", "slow", "so slow", "slow", "slow"]),
        ("2fa", "the 2FA code", ["2FA"]),
        ("in #", "in 3 days", ["in 3"]),
    ],
)
def test_a_cue_matches_whole_words_in_order(cue: str, text: str, matches: list[str]) -> None:
    assert found(cue, text) == matches


def test_overlapping_cues_are_all_found() -> None:
    # Given two cues, one within the other
    book = CueBook([("customer service", "support"), ("service", "staff")])

    # When a text holds the longer one
    text = "Great customer service"
    payloads = {each.payload for each in book.find(text, words(text))}

    # Then both are reported, and the caller decides
    assert payloads == {"support", "staff"}


@pytest.mark.parametrize("cue", ["", "  ", "a [b]", "(a|b", "price.", "(|) "])
def test_what_cannot_be_read_is_refused(cue: str) -> None:
    with pytest.raises(InvalidCues):
        CueBook([(cue, "it")])


def test_words_keep_their_place_and_their_apostrophe() -> None:
    assert [tuple(word) for word in words("Don't, A1!")] == [("don't", 0, 5), ("a1", 7, 9)]


def test_long_runs_of_spaces_and_numbers_take_no_time(taxonomy: Taxonomy, lexicon: Lexicon) -> None:
    # Given 20,000 characters that begin cues over and over
    texts = ["run " + " " * 20_000 + "small", "one " * 5_000, "too" + "-" * 20_000, "took twenty " * 1_600]

    # When they are read
    began = time.process_time()
    for text in texts:
        taxonomy.mentioned(text)
        lexicon.judge(text)

    # Then it takes less than two seconds of the core (measured: 0.1)
    assert time.process_time() - began < 2
