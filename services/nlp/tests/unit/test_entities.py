"""Entities by shape."""

import pytest

from millrace.nlp.domain.entities import find_entities


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Order 4711-22 is late", [("order", "4711-22")]),
        ("my order number is 88213.", [("order", "88213")]),
        ("See #a12345 and AB-9988", [("order", "A12345"), ("order", "AB-9988")]),
        ("invoice no. 2024-0099", [("order", "2024-0099")]),
        ("It cost $1,299.00 or 49,90 €", [("money", "1299.00 USD"), ("money", "49.90 EUR")]),
        ("EUR 1.299 is more than 20 quid", [("money", "1299.00 EUR"), ("money", "20.00 GBP")]),
        ("paid $2k for it", [("money", "2000.00 USD")]),
        ("v2.3.1 on iOS 17.2", [("version", "2.3.1"), ("version", "ios 17.2")]),
        ("update 4.2 broke Android 14", [("version", "4.2"), ("version", "android 14")]),
        ("on 12.05.2026 or 2026-05-12", [("date", "2026-05-12"), ("date", "2026-05-12")]),
        ("12/31/2025 and 25/12/2025", [("date", "2025-12-31"), ("date", "2025-12-25")]),
        ("3/4/2025", [("date", "3/4/2025")]),
        ("since 3 March 2026", [("date", "2026-03-03")]),
        ("on May 5th at last", [("date", "--05-05")]),
        ("100 u\u017fd on 12 \u017fept 2024", [("money", "100.00 USD"), ("date", "2024-09-12")]),
        (
            "20 QU\u0130D, 5 qu\u0131d, \u0130OS 17",
            [("money", "20.00 GBP"), ("money", "5.00 GBP"), ("version", "ios 17")],
        ),
    ],
)
def test_what_has_a_shape_is_found_in_one_form(text: str, found: list[tuple[str, str]]) -> None:
    assert [(entity.kind, entity.value) for entity in find_entities(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "I weigh 130 pounds and am 5'4",
        "order 2 of them",
        "I ordered 3 shirts",
        "1.5 stars",
        "[PHONE_1] order [ID_1]",
        "the 30th of February",
        "in May 2025",
        "Call me on the 3rd",
    ],
)
def test_other_numbers_and_pseudonyms_are_none(text: str) -> None:
    assert find_entities(text) == ()


def test_offsets_are_those_of_the_text() -> None:
    # Given a text with a pseudonym before what is named
    text = "[NAME_12] paid 20 euros for order #77812 on 1 June"

    # Then each place holds what was found, from left to right
    assert [text[entity.start : entity.end] for entity in find_entities(text)] == ["20 euros", "77812", "1 June"]


def test_a_long_row_of_digits_takes_no_time() -> None:
    assert find_entities("1" * 20_000) == ()
    assert len(find_entities("order #12345 " * 1_000)) == 1_000
