import re

from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.dataset_conversations.domain.masking import PSEUDONYM, Masker, known_people
from millrace.dataset_conversations.domain.sentences import sentences

VALUES = (
    "jo.smith@example.com", "john at example dot com is my mail", "maria (at) example (dot) org", "+49 (0) 30 1234567",
    "(415) 555-2671", "06 12 34 56 78", "4111 1111 1111 1111", "378282246310005", "DE89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432", "42 Maple Street, Springfield, IL 62704", "Hauptstraße 12, 10115 Berlin",
    "12 rue de la Paix, 75002 Paris", "Calle Mayor 12, 28013 Madrid",
)  # fmt: skip
"""One of every kind and notation. What is left of one must hold no word or number of four characters or more."""
NOISE = st.text(alphabet="aeIäß .,!?\n-()😀'1290:;/%é İ", max_size=60)
WORDS = st.lists(
    st.sampled_from(["size", "40", "street", "call", "Dear", "order", "12", "my name is", "Road", "€", "@"])
)


@settings(deadline=None)
@given(NOISE, WORDS, st.sampled_from(VALUES), NOISE)
def test_a_planted_value_never_stays(before: str, words: list[str], value: str, after: str) -> None:
    # Given a value within any text, apart from it by a line
    text = f"{before} {' '.join(words)}.\n\n{value}\n\n{after}"

    # When it is masked
    masked = Masker().mask(text, known_people([text])).text

    # Then neither the value nor a telling part of it is left where it stood
    assert value not in masked
    telling = set(re.findall(r"\w{4,}", value)) - set(re.findall(r"\w{4,}", text.replace(value, ""))) - {"mail"}
    assert not telling & set(re.findall(r"\w{4,}", masked))


@settings(deadline=None)
@given(NOISE, WORDS, st.sampled_from(VALUES), NOISE)
def test_masking_again_changes_nothing(before: str, words: list[str], value: str, after: str) -> None:
    # Given a text that was masked
    text = f"{before}{' '.join(words)} {value} {after}"
    once = Masker().mask(text, known_people([text])).text

    # When it is masked again, by somebody who knows as much / Then it stays as it is
    again = Masker().mask(once)
    assert (again.text, again.count) == (once, 0)


@settings(deadline=None)
@given(NOISE, st.sampled_from(VALUES), NOISE)
def test_offsets_point_into_the_masked_text(before: str, value: str, after: str) -> None:
    # Given a masked text
    masked = Masker().mask(f"{before} {value} {after}").text

    # When it is cut / Then no pseudonym is torn apart by a sentence's end
    pieces = [masked[start:end] for start, end in sentences(masked)]
    assert sum(len(PSEUDONYM.findall(piece)) for piece in pieces) == len(PSEUDONYM.findall(masked))
