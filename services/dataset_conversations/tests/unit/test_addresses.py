import pytest

from millrace.dataset_conversations.domain.masking import Masker


def masked(text: str) -> str:
    return Masker().mask(text).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I live at 42 Maple Street, Springfield, IL 62704 and wait.", "I live at [ADDRESS_1] and wait."),
        ("Deliver to 221B Baker Street, London NW1 6XE please", "Deliver to [ADDRESS_1] please"),
        ("my address is 12 oak lane", "my address is [ADDRESS_1]"),
        ("at 281 Cherry Hill Road instead", "at [ADDRESS_1] instead"),
        ("Flat 3, 14 Rosewood Avenue, Leeds LS6 2AB", "[ADDRESS_1]"),
        ("It went to 1600 Pine Ave NW, Washington, DC 20500.", "It went to [ADDRESS_1]."),
        ("ship it to 350 5th Ave, Apt 12B, New York, NY 10118", "ship it to [ADDRESS_1]"),
        ("Ich wohne in der Hauptstraße 12, 10115 Berlin.", "Ich wohne in der [ADDRESS_1]."),
        ("Hauptstr. 12b, 80331 München", "[ADDRESS_1]"),
        ("Lieferung an Berliner Straße 5 kam nie an", "Lieferung an [ADDRESS_1] kam nie an"),
        ("wohne im Lindenweg 7", "wohne im [ADDRESS_1]"),
        ("12 rue de la Paix, 75002 Paris", "[ADDRESS_1]"),
        ("J'habite au 5 bis avenue Victor Hugo", "J'habite au [ADDRESS_1]"),
        ("Vivo en la Calle Mayor 12, 28013 Madrid", "Vivo en la [ADDRESS_1]"),
        ("c/ Gran Vía 45, 3º B", "[ADDRESS_1]"),
        ("Via Roma 12, 20121 Milano", "[ADDRESS_1]"),
        ("Via Garibaldi 7", "[ADDRESS_1]"),
        ("The van stood at Via Garibaldi 7 for hours", "The van stood at [ADDRESS_1] for hours"),
        ("It went to Via della Spiga 12, not to me", "It went to [ADDRESS_1], not to me"),
        ("Prinsengracht 263, 1016 GV Amsterdam", "[ADDRESS_1]"),
        ("Postfach 12 34 56, 10115 Berlin", "[ADDRESS_1]"),
        ("P.O. Box 1234, Denver, CO 80202", "[ADDRESS_1]"),
        ("I moved to Leeds LS1 4AP last year", "I moved to [ADDRESS_1] last year"),
    ],
)
def test_streets_towns_and_boxes(text: str, expected: str) -> None:
    # Given an address as it is written in its country / When it is masked / Then it goes as a whole
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "size 40 street style is great, 12 Street Style boots",
        "24 Hour Street Food is 10 out of 10",
        "a 5 Star Place, 4 Place Settings, 2 place settings",
        "in 2019 Oxford Street was better",
        "ordered 2 Polo Drive shirts and 3 St. Patrick ones",
        "waited 3 long way home, 3 in a row, 10 minutes at the court",
        "6 road bikes, 5 lane highway, 10 park tickets",
        "Arbeitsweg 20 Minuten, auf dem Heimweg 2 Stunden, Parkplatz 12 Euro",
        "10000 Leute waren da, Bestellung 12345 Amazon",
        "via DHL 3 days, via PayPal 2 times",
        "Via DHL 3. Via PayPal 2, via Amazon 4.",
        "Via Mail 3 times. Via Spiga 38. Via Internet 2019.",
        "3 cours de yoga, 2 places",
        "la calle 2 veces, una avenida larga",
        "size M4 2XL is big, 2000 US Dollars, 1080 HD Video",
        "order 12345 Amazon, ref 90210",
    ],
)
def test_numbers_beside_words_for_streets_stay(text: str) -> None:
    # Given sizes, orders, durations and brands / When the text is masked / Then it is as it was
    assert masked(text) == text


def test_spellings_of_one_address_share_their_pseudonym() -> None:
    # Given one street in short and in full, and another number in it
    masker = Masker()
    texts = [
        "at 42 Maple Street, Springfield, IL 62704",
        "42 Maple St",
        "Hauptstraße 5",
        "Hauptstr. 5",
        "44 Maple Street",
    ]

    # When they are masked / Then the two that are the same are called the same
    found = [masker.mask(text).text for text in texts]
    assert found == ["at [ADDRESS_1]", "[ADDRESS_1]", "[ADDRESS_2]", "[ADDRESS_2]", "[ADDRESS_3]"]
