import pytest

from millrace.dataset_conversations.domain.masking import Masker, known_people


def masked(text: str) -> str:
    return Masker().mask(text, known_people([text])).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to jo.e+x@example.co.uk, please", "write to [EMAIL_1], please"),
        ("see https://joe:secret@shop.example.com/x?a=1 now", "see [URL_1] now"),
        ("see https://example.com/a now", "see https://example.com/a now"),
        ("card 4111 1111 1111 1111, exp 12/26", "card [CARD_1], exp 12/26"),
        ("card 4111 1111 1111 1111 12/26", "card [CARD_1] 12/26"),
        ("to DE89 3704 0044 0532 0130 00 please", "to [IBAN_1] please"),
        ("to GB82WEST12345698765432.", "to [IBAN_1]."),
        ("refund BE68 5390 0754 7034 please", "refund [IBAN_1] please"),
    ],
)
def test_values_with_a_checkable_form(text: str, expected: str) -> None:
    # Given a text with such a value / When it is masked / Then the value and nothing else is replaced
    assert masked(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write me: john.doe (at) example (dot) com", "write me: [EMAIL_1]"),
        ("john [at] example.com, jo @ example.com", "[EMAIL_1], [EMAIL_2]"),
        ("reach me at john at example dot com", "reach me at [EMAIL_1]"),
        ("maria arroba ejemplo punto es", "[EMAIL_1]"),
        ("jean point dupont arobase exemple point fr", "[EMAIL_1]"),
        ("you can mail anna at gmail.com", "you can mail [EMAIL_1]"),
        ("4111-1111-1111-1111 or 4111.1111.1111.1111", "[CARD_1] or [CARD_1]"),
        ("my card is 41 11 11 11 11 11 11 11", "my card is [CARD_1]"),
        ("3782 822463 10005", "[CARD_1]"),
        ("IBAN DE 89 3704 0044 0532 0130 00 please", "IBAN [IBAN_1] please"),
        ("iban: fr14 2004 1010 0505 0001 3m02 606", "iban: [IBAN_1]"),
        ("DE89-3704-0044-0532-0130-00 and GB82 WEST 1234 5698 7654 32", "[IBAN_1] and [IBAN_2]"),
        ("IBAN: DE00 3704 0044 0532 0130 00 it is", "IBAN: [IBAN_1] it is"),
        ("+49 (0) 30 1234567 or 0049 30 1234567 or 030 1234567", "[PHONE_1] or [PHONE_1] or [PHONE_1]"),
        ("Llámame al 612 34 56 78", "Llámame al [PHONE_1]"),
        ("appelez le 06.12.34.56.78", "appelez le [PHONE_1]"),
        ("07700 900123 ext. 12", "[PHONE_1]"),
    ],
)
def test_values_as_people_spell_them(text: str, expected: str) -> None:
    # Given a value in words, with spaces or with other marks / When it is masked / Then it goes all the same
    assert masked(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call +1 415 555 2671 today", "call [PHONE_1] today"),
        ("call (415) 555-2671 5 times", "call [PHONE_1] 5 times"),
        ("on +44 (0)20 7946 0958, thanks", "on [PHONE_1], thanks"),
        ("020 7946 0958 10am", "[PHONE_1] 10am"),
        ("212-555-4567 415-555-4568", "[PHONE_1] [PHONE_2]"),
        ("my phone: 555-1234", "my phone: [PHONE_1]"),
        ("text 4155552671", "text [PHONE_1]"),
        ("06 12 34 56 78", "[PHONE_1]"),
        ("My number: 0161 496 0733", "My number: [PHONE_1]"),
        ("our no. 020 7946 0958", "our no. [PHONE_1]"),
    ],
)
def test_telephone_numbers(text: str, expected: str) -> None:
    # Given a number in one of the usual notations / When it is masked / Then what stands beside it stays
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "order 100-2234-99 was $1,299.00 on 12/03/2024 at 10:30",
        "order number 2125551234",
        "sizes 0 2 4 6 8 10 12 14, usually 28/29-36",
        "since 2024-01-02 10:30:00 or 20240102",
        "card 4111 1111 1111 1112",
        "tracking 9400110200881234567890",
        "version 10.0.19045.3803 at 192.168.100.200",
        "12.99 13.50 14.25 15.75 16.00",
        "order number is 2125551234, Bestellnummer 030 1234567",
        "from 01.03.24-05.03.24",
        "sizes 2 4 6 8 10 12 14 16 18",
        "I ordered at target dot com, look at amazon dot com, shop at example.com",
        "happy at 5.00 @ noon",
        "BE68 5390 0754 7035, BE6953900754703, XX68 5390 0754 7034",
        "my order number: 0161 496 0733, number: 0161 496 0734",
        "My number: 5520981",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    # Given numbers that are nobody's / When the text is masked / Then it is as it was
    assert masked(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My name is Anna Kowalski and I love it", "My name is [NAME_1] and I love it"),
        ("MY NAME IS JOHN AND I AM ANGRY", "MY NAME IS [NAME_1] AND I AM ANGRY"),
        ("my name is jo. it broke", "my name is [NAME_1]. it broke"),
        ("This is Maria O'Brien speaking", "This is [NAME_1] speaking"),
        ("Best regards, Jean-Luc Picard", "Best regards, [NAME_1]"),
        ("Dear Ms. Smith,\nit broke", "Dear Ms. [NAME_1],\nit broke"),
        ("It broke.\nThanks,\nAnna", "It broke.\nThanks,\n[NAME_1]"),
        ("Hi team,\nthis is great from start to end", "Hi team,\nthis is great from start to end"),
    ],
)
def test_names_that_the_text_introduces(text: str, expected: str) -> None:
    # Given a cue for a name / When the text is masked / Then the name is replaced and the cue stays
    assert masked(text) == expected


def test_the_same_value_has_the_same_pseudonym_in_the_whole_batch() -> None:
    # Given two texts that hold the same values, written differently
    masker = Masker()

    # When both are masked
    first = masker.mask("jo@example.com or +1 415 555 2671")
    second = masker.mask("(415) 555-2671, JO@example.com, al@example.com")

    # Then they share their pseudonyms, and every replacement is counted
    assert first.text == "[EMAIL_1] or [PHONE_1]"
    assert second.text == "[PHONE_1], [EMAIL_1], [EMAIL_2]"
    assert (first.count, second.count) == (2, 3)
    assert masker.counts == {"email": 3, "phone": 2}


def test_a_name_is_masked_throughout_its_conversation() -> None:
    # Given a name that only the first text introduces
    texts = ["My name is Anna Kowalski.", "Anna Kowalski called again."]
    masker = Masker()

    # When both are masked with the names that the conversation knows
    people = known_people(texts)

    # Then it is gone from both
    assert [masker.mask(text, people).text for text in texts] == ["My name is [NAME_1].", "[NAME_1] called again."]


def test_a_long_word_beside_an_at_sign_takes_no_time() -> None:
    # Given the text that is slowest for a pattern without bounds
    text = "a" * 19_000 + " @ " + "1-" * 400

    # When it is masked / Then it comes back as it was
    assert masked(text) == text
